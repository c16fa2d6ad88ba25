# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rotation as it was observed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..server_secrets import AuthServer
from .copies import CopyState, is_restartable
from .stages import SecretState, remaining_steps


@dataclass(frozen=True)
class RotationState:
    """The Secret, its copies, and what the auth servers and verifiers run with.

    ``version``: the Secret's resource version; ``texts``: its values as they are stored; ``unversioned_reason``: why it is unversioned, ""
    where it is not.
    """

    secret: SecretState
    version: str
    servers: list[AuthServer]
    unversioned_reason: str
    copies: CopyState = CopyState()
    texts: dict[str, str] = field(default_factory=dict, repr=False)
    outage_seconds: int | None = None  # since the first pod with a secret that decrypts no key became ready
    signing_seconds: int | None = None  # since the new secret became the one that signs

    @property
    def restart_required(self) -> list[str]:
        """The workloads that run with something else than this stage requires, auth servers and verifiers."""
        servers = {one.workload for one in self.servers if not self.secret.secrets.encrypts_as(one.secrets)}
        return sorted(servers | set(filter(is_restartable, self.copies.restart_required(self.secret))))

    @property
    def unmanaged(self) -> list[str]:
        """Bare pods and Jobs that run with something else, which nothing restarts."""
        return sorted(one for one in self.copies.restart_required(self.secret) if not is_restartable(one))

    @property
    def interrupted(self) -> list[str]:
        """The workloads that can't accept the old and the new secret side by side."""
        return sorted(self.copies.single_secret_workloads(self.secret, not self.unversioned_reason))

    @property
    def steps(self) -> list[str]:
        """The steps that remain."""
        has_copies, due = any(not copy.own for copy in self.copies.copies), bool(self.copies.due(self.secret))
        return remaining_steps(self.secret, bool(self.restart_required), not self.unversioned_reason, has_copies, due)
