# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stages of a rotation of Better Auth's secret, and the steps that remain in each. Pure.

Versioned (A the old secret, B the new one), measured on Better Auth 1.7:

    stage        BETTER_AUTH_SECRETS   BETTER_AUTH_SECRET   encrypts   cookies
    idle         none                  A                    bare(A)    A
    added        1:A,2:B               A                    $ba$1      A
    promoted     2:B,1:A               A                    $ba$2      B
    old_removed  2:B                   B                    $ba$2      B

Processes of adjacent stages decrypt what each other encrypts, so no stage is entered before all run with the previous one. A later
rotation goes from ``2:B`` by ``2:B,3:C`` and ``3:C,2:B`` to ``3:C``. Unversioned there is one secret at a time:

    replaced     none                  B                    bare(B)    B       A is kept beside it until nothing is encrypted with it

The stage is derived from the Secret itself. An annotation distinguishes a rotation in progress from a complete one. Workloads that verify
cookies take the secret from copies in other Secrets, which follow in each stage (copies.py): verifiers accept B before anything signs with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..signing_secrets import SigningSecrets

IDLE, ADDED, PROMOTED, OLD_REMOVED, REPLACED = "idle", "added", "promoted", "old_removed", "replaced"
ADD, PROMOTE, REMOVE_OLD, REPLACE, FINISH = "add", "promote", "remove_old", "replace", "finish"  # written to the Secret
SYNC_COPIES = "sync_copies"  # written to the copies in other Secrets
RESTART, REENCRYPT = "restart", "reencrypt"  # done by other modules: rollout, auth_reencrypt
WRITTEN_STEPS = (ADD, SYNC_COPIES, PROMOTE, REMOVE_OLD, REPLACE, FINISH)
VERSIONED_STEPS = (ADD, SYNC_COPIES, RESTART, PROMOTE, SYNC_COPIES, RESTART, REENCRYPT, REMOVE_OLD, SYNC_COPIES, RESTART, FINISH)
UNVERSIONED_STEPS = (REPLACE, SYNC_COPIES, RESTART, REENCRYPT, FINISH)
# The steps after a stage has been written, the copies follow it, and everything runs with it.
STEPS_AFTER: dict[str, tuple[str, ...]] = {
    ADDED: VERSIONED_STEPS[3:],
    PROMOTED: VERSIONED_STEPS[6:],
    OLD_REMOVED: VERSIONED_STEPS[10:],
    REPLACED: UNVERSIONED_STEPS[3:],
}


@dataclass(frozen=True)
class SecretState:
    """What the Secret holds. ``previous``: the old secret of an unversioned rotation; ``in_progress``: whether a rotation is marked as such."""

    secrets: SigningSecrets
    previous: str | None = field(default=None, repr=False)
    in_progress: bool = False

    @property
    def single(self) -> str:
        """The value of BETTER_AUTH_SECRET, which a Secret that is rotated always has."""
        return self.secrets.single or ""

    @property
    def stage(self) -> str:
        """IDLE, ADDED, PROMOTED, OLD_REMOVED or REPLACED."""
        if self.previous and self.in_progress and not self.secrets.versions:
            return REPLACED
        versions = list(self.secrets.versions)
        if len(versions) > 1:
            return PROMOTED if versions[0] == max(versions) else ADDED
        return OLD_REMOVED if self.in_progress else IDLE

    @property
    def target(self) -> str | None:
        """The new secret of a rotation in progress, None where there is none."""
        if self.stage == IDLE:
            return None
        versions = self.secrets.versions
        return versions[max(versions)] if versions else self.single


def remaining_steps(state: SecretState, restart_required: bool, versioned: bool, copies: bool = False, copies_due: bool = False) -> list[str]:
    """The steps that remain.

    ``restart_required``: whether anything runs with something else than this stage requires; ``copies``: whether there are copies in other
    Secrets; ``copies_due``: whether one of them has to change for this stage.
    """
    idle: tuple[str, ...] = VERSIONED_STEPS if versioned else UNVERSIONED_STEPS
    steps = STEPS_AFTER.get(state.stage, idle)
    following = [step for step in steps if copies or step != SYNC_COPIES]
    if state.stage == IDLE:
        return following
    return [*([SYNC_COPIES] if copies_due else []), *([RESTART] if restart_required else []), *following]
