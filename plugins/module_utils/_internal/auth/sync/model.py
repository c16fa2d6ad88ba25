# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Better Auth's secret as it is stored, and as containers run with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...clients.cluster.secrets import StoredSecret
from ...secret_sources import Ref
from ..jwks_table import JwksRow
from ..keys import ENCRYPTED, SigningRule
from ..rotation.stages import ADDED, PROMOTED, SecretState
from ..server_secrets import AuthServer, disagreement
from ..signing_secrets import SigningSecrets
from .options import SyncOptions


@dataclass(frozen=True)
class Consumer:
    """A running container that takes the value of a place. ``value``: None where it has none, or where ``unknown`` says why it could not be read.

    ``needs_restart``: it keeps the value that it started with. ``outdated``: it started before the place was last written.
    """

    place: Ref
    workload: str
    value: bytes | None = field(default=None, repr=False)
    unknown: str = ""
    needs_restart: bool = True
    outdated: bool = False


@dataclass(frozen=True)
class SyncState:
    """What was observed. ``bare_data``: how many values beside keys a secret decrypts that are encrypted without a version."""

    options: SyncOptions
    stored: dict[str, StoredSecret]
    rotation: SecretState
    servers: list[AuthServer]
    consumers: list[Consumer]
    rows: tuple[JwksRow, ...]
    bare_data: dict[str, int] = field(default_factory=dict, repr=False)
    rule: SigningRule = SigningRule()
    private_key_storage: str = ENCRYPTED
    can_retire: bool = True

    def raw(self, place: Ref) -> bytes:
        """The stored value of a place, empty where it has none."""
        return self.stored[place.secret].values.get(place.key, b"")

    def text(self, place: Ref) -> str:
        """The same as a container gets it, empty where it is not UTF-8: no process of Better Auth can have been given that."""
        try:
            return self.raw(place).decode()
        except UnicodeDecodeError:
            return ""

    @property
    def versions(self) -> dict[int, str]:
        """The stored BETTER_AUTH_SECRETS of the auth servers, the one that signs first."""
        return self.rotation.secrets.versions

    @property
    def in_rotation(self) -> bool:
        """Whether two secrets are in use side by side."""
        return self.rotation.stage in (ADDED, PROMOTED)

    @property
    def running(self) -> SigningSecrets | None:
        """What all auth servers run with, None where they differ, or could not be read."""
        return None if disagreement(self.servers) else self.servers[0].secrets
