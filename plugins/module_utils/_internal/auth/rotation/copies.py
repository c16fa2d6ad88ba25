# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of the secret in other Secrets, from which workloads take it that verify session cookies. Pure.

Better Auth signs cookies with the first secret alone. So what verifies them must accept the new secret before any auth server signs with it,
and the old one until none does. A workload that takes BETTER_AUTH_SECRETS accepts both meanwhile (A the old secret, B the new one):

    stage        copy for a workload with versions       copy for one with a single secret
    added        A, and 1:A,2:B                          A
    promoted     A, and 1:A,2:B                          B: restarted with the auth servers, until which one of them refuses cookies of the other
    old_removed  B, and 2:B                              B
    replaced     B                                       B
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ...clients.secret_refs.pods import KINDS
from ..server_secrets import AuthServer
from ..signing_secrets import SigningSecrets
from .stages import ADDED, IDLE, PROMOTED, SecretState


@dataclass(frozen=True)
class Verifier:
    """A running container that takes the secret from a Secret, and is no auth server.

    ``secrets``: what it runs with, None where it has none; ``takes_single`` and ``takes_versions``: which of the variables its spec takes.
    """

    workload: str
    pod: str
    container: str
    takes_single: bool
    takes_versions: bool
    secrets: SigningSecrets | None = None
    unknown_reason: str = ""


@dataclass(frozen=True)
class SecretCopy:
    """A copy of the secret. ``single`` and ``versions``: its values; ``stored``: as the Secret has them.

    ``single_secret_workloads``: those that take only the single secret from it, also where none of their containers runs; ``own``: it is the
    rotated Secret itself, from which others than auth servers take it too.
    """

    secret: str
    key: str
    versions_key: str | None
    version: str
    single: str = field(default="", repr=False)
    versions: dict[int, str] = field(default_factory=dict, repr=False)
    verifiers: tuple[Verifier, ...] = ()
    single_secret_workloads: tuple[str, ...] = ()
    stored: dict[str, bytes] = field(default_factory=dict, repr=False)
    own: bool = False

    @property
    def content(self) -> SigningSecrets:
        """Its values."""
        return SigningSecrets(self.single or None, self.versions)


@dataclass(frozen=True)
class CopyState:
    """Everything that takes the secret and is no auth server."""

    copies: tuple[SecretCopy, ...] = ()

    def due(self, state: SecretState) -> list[SecretCopy]:
        """The copies that have to change for a stage."""
        return [copy for copy in self.copies if not copy.own and copy.content != required_content(copy, state)]

    def synced(self, state: SecretState) -> CopyState:
        """The copies as they are once those that are due are written."""
        return CopyState(tuple(_with_content(copy, required_content(copy, state)) for copy in self.copies))

    def restart_required(self, state: SecretState) -> set[str]:
        """The workloads and pods with a container that runs with something else than a stage requires."""
        return {one.workload for one, required in self._required(state) if not one.unknown_reason and one.secrets != required}

    @property
    def unknown(self) -> set[str]:
        """The workloads and pods with a container that could not be asked what it runs with."""
        return {one.workload for copy in self.copies for one in copy.verifiers if one.unknown_reason}

    def single_secret_workloads(self, state: SecretState, versioned: bool) -> set[str]:
        """The workloads that do not accept the old and the new secret side by side."""
        verifiers = {one.workload for copy in self.copies for one in copy.verifiers}
        single = {name for copy in self.copies for name in copy.single_secret_workloads}
        return single if versioned else single | verifiers

    def refusing(self, servers: Iterable[AuthServer]) -> set[str]:
        """The workloads that refuse a cookie that one of the running auth servers signs now."""
        signing = {active_secret(server.secrets) for server in servers if server.secrets}
        running = (one for copy in self.copies for one in copy.verifiers if not one.unknown_reason)
        return {one.workload for one in running if not signing <= (one.secrets.values if one.secrets else set())}

    def _required(self, state: SecretState) -> Iterator[tuple[Verifier, SigningSecrets | None]]:
        for copy in self.copies:
            required = required_content(copy, state)
            for one in copy.verifiers:
                taken = SigningSecrets(required.single if one.takes_single else None, required.versions if one.takes_versions else {})
                yield one, taken if taken.values else None


def required_content(copy: SecretCopy, state: SecretState) -> SigningSecrets:
    """What a copy has to hold in a stage of the rotation."""
    if copy.own:
        return state.secrets
    if state.stage == IDLE:
        return copy.content
    if state.stage not in (ADDED, PROMOTED):
        return state.secrets if copy.versions_key else SigningSecrets(state.single)
    single = copy.single
    if state.stage == PROMOTED and copy.single_secret_workloads:
        single = active_secret(state.secrets)
    versions = copy.versions if copy.versions == state.secrets.versions else dict(sorted(state.secrets.versions.items()))
    return SigningSecrets(single or None, versions if copy.versions_key else {})


def active_secret(secrets: SigningSecrets) -> str:
    """The secret that signs and encrypts: the first of the versions, else the single one."""
    return next(iter(secrets.versions.values()), secrets.single or "")


def is_restartable(workload: str) -> bool:
    """Whether the module rollout restarts it; it does not restart bare pods and Jobs."""
    return workload.partition("/")[0] in KINDS


def _with_content(copy: SecretCopy, content: SigningSecrets) -> SecretCopy:
    return replace(copy, single=content.single or "", versions=content.versions)
