# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of auth_secret_sync. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ...secret_sources import Ref
from ..options import ARGUMENT_SPEC as AUTH
from ..options import AuthOptions, Hide
from ..server_secrets import WORKLOAD

ARGUMENT_SPEC = {
    **{name: spec for name, spec in AUTH.items() if name not in ("secret", "secrets", "auth_servers")},
    "auth_servers": {"type": "list", "elements": "dict", "required": True, "options": WORKLOAD},
    "locations": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "secret": {"type": "str", "required": True, "no_log": False},
            "key": {"type": "str", "required": True, "no_log": False},
            "versions_key": {"type": "str", "no_log": False},
        },
    },
    "versions_key": {"type": "str", "required": True, "no_log": False},
    "previous_secret_key": {"type": "str", "no_log": False},
    "source": {"type": "str"},
    "force": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class SyncOptions:
    """The places of the secret, the auth servers' own one first, and the user's choices.

    ``versions_key``: for BETTER_AUTH_SECRETS of the auth servers; ``copied_versions``: where copies have such a list; ``previous_secret_key``: for
    the old secret of an unversioned rotation, "" for none; ``source``: the name of the correct value, "" where none is chosen.
    """

    auth: AuthOptions
    locations: tuple[Ref, ...]
    versions_key: str
    copied_versions: tuple[Ref, ...] = ()
    previous_secret_key: str = ""
    source: str = ""
    force: bool = False

    @classmethod
    def of(cls, params: dict, hide: Hide) -> SyncOptions:
        """The options of a module. Raises RunbookError for an invalid name of a table or column."""
        auth = AuthOptions.of({**params, "secret": None, "secrets": None}, hide)
        locations = tuple(dict.fromkeys(Ref(one["secret"], one["key"]) for one in params["locations"]))
        versions = tuple(Ref(one["secret"], one["versions_key"]) for one in params["locations"][1:] if one["versions_key"])
        previous, source = params["previous_secret_key"] or "", params["source"] or ""
        return cls(auth, locations, params["versions_key"], versions, previous, source, params["force"])

    @property
    def own(self) -> Ref:
        """The place of the auth servers' BETTER_AUTH_SECRET."""
        return self.locations[0]

    @property
    def versions(self) -> Ref:
        """The place of the auth servers' BETTER_AUTH_SECRETS."""
        return Ref(self.own.secret, self.versions_key)

    @property
    def places(self) -> tuple[Ref, ...]:
        """Every key that may hold the secret."""
        return tuple(dict.fromkeys([*self.locations, self.versions, *self.copied_versions]))
