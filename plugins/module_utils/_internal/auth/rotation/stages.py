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

The stage is derived from the Secret itself. An annotation distinguishes a rotation in progress from a complete one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..signing_secrets import SigningSecrets

IDLE, ADDED, PROMOTED, OLD_REMOVED, REPLACED = "idle", "added", "promoted", "old_removed", "replaced"
ADD, PROMOTE, REMOVE_OLD, REPLACE, FINISH = "add", "promote", "remove_old", "replace", "finish"  # written to the Secret
RESTART, REENCRYPT, SYNC_COPIES = "restart", "reencrypt", "sync_copies"  # done by other modules: rollout, auth_reencrypt, secret_copy
WRITTEN_STEPS = (ADD, PROMOTE, REMOVE_OLD, REPLACE, FINISH)
VERSIONED_STEPS = (ADD, RESTART, PROMOTE, RESTART, REENCRYPT, REMOVE_OLD, SYNC_COPIES, FINISH)
UNVERSIONED_STEPS = (REPLACE, RESTART, REENCRYPT, SYNC_COPIES, FINISH)
# The steps after a stage has been written and all auth servers run with it.
STEPS_AFTER = {
    ADDED: VERSIONED_STEPS[2:],
    PROMOTED: VERSIONED_STEPS[4:],
    OLD_REMOVED: VERSIONED_STEPS[6:],
    REPLACED: UNVERSIONED_STEPS[2:],
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
        if self.previous:
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


def remaining_steps(state: SecretState, restart_required: bool, versioned: bool) -> list[str]:
    """The steps that remain. ``restart_required``: whether an auth server runs with something else than the Secret holds."""
    if state.stage == IDLE:
        return list(VERSIONED_STEPS if versioned else UNVERSIONED_STEPS)
    # After the last removal SYNC_COPIES restarts everything that runs with something else, auth servers too.
    restart = [RESTART] if restart_required and state.stage != OLD_REMOVED else []
    return [*restart, *STEPS_AFTER[state.stage]]
