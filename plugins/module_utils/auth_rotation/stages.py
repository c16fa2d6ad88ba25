# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stages of a rotation of Better Auth's secret, the steps between them, and what each step writes. Pure.

With versions (A the old secret, B the new one), measured on Better Auth 1.7:

    stage      BETTER_AUTH_SECRETS   BETTER_AUTH_SECRET   writes     cookies
    rest       none                  A                    bare(A)    A
    adopted    1:A,2:B               A                    $ba$1      A
    switched   2:B,1:A               A                    $ba$2      B
    dropped    2:B                   B                    $ba$2      B

Processes of neighbouring stages read what each other write, so no stage is entered before all run with the one before. A later
rotation goes from ``2:B`` by ``2:B,3:C`` and ``3:C,2:B`` to ``3:C``. Without versions there is one secret at a time:

    replaced   none                  B                    bare(B)    B       A is kept beside it until nothing lies under it

The stage is read off the Secret itself. A mark tells a rotation that has not ended from one that has.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets, secrets_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

REST, ADOPTED, SWITCHED, DROPPED, REPLACED = "rest", "adopted", "switched", "dropped", "replaced"
ADOPT, SWITCH, DROP, REPLACE, FINISH = "adopt", "switch", "drop", "replace", "finish"  # written to the Secret
RESTART, REENCRYPT, SPREAD = "restart", "reencrypt", "spread"  # done by others: rollout, auth_reencrypt, secret_copy
WRITES = (ADOPT, SWITCH, DROP, REPLACE, FINISH)
WITH_VERSIONS = (ADOPT, RESTART, SWITCH, RESTART, REENCRYPT, DROP, SPREAD, FINISH)
WITHOUT_VERSIONS = (REPLACE, RESTART, REENCRYPT, SPREAD, FINISH)
# The steps behind a stage that has been written; whether a restart is still to be done, the running signers tell.
BEHIND = {
    ADOPTED: WITH_VERSIONS[2:],
    SWITCHED: WITH_VERSIONS[4:],
    DROPPED: WITH_VERSIONS[6:],
    REPLACED: WITHOUT_VERSIONS[2:],
}
SHORTEST = 32  # characters: Better Auth warns of a shorter secret


@dataclass(frozen=True)
class Held:
    """What the Secret holds. ``former``: the old secret of a rotation without versions; ``marked``: whether one has not ended."""

    secrets: SigningSecrets
    former: str | None = field(default=None, repr=False)
    marked: bool = False

    @property
    def stage(self) -> str:
        """REST, ADOPTED, SWITCHED, DROPPED or REPLACED."""
        if self.former:
            return REPLACED
        versions = list(self.secrets.versions)
        if len(versions) > 1:
            return SWITCHED if versions[0] == max(versions) else ADOPTED
        return DROPPED if self.marked else REST


@dataclass(frozen=True)
class Change:
    """What a step makes of the Secret: its keys by the names below (None removes one), and whether it is marked afterwards."""

    single: str | None = field(default=None, repr=False)
    versions: str | None = field(default=None, repr=False)
    former: str | None = field(default=None, repr=False)
    marked: bool = True


def steps_from(held: Held, stale: bool, versioned: bool) -> list[str]:
    """The steps that are still to be done. ``stale``: whether a signer runs with something else than the Secret holds."""
    if held.stage == REST:
        return list(WITH_VERSIONS if versioned else WITHOUT_VERSIONS)
    # What is dropped last is spread to everybody who runs with something else, signers too.
    restart = [RESTART] if stale and held.stage != DROPPED else []
    return [*restart, *BEHIND[held.stage]]


def is_due(step: str, held: Held, steps: list[str], versioned: bool) -> bool:
    """Whether a step is to be written, False where it has been. Raises RunbookError where it is not its turn, or none of this rotation."""
    if step not in (WITH_VERSIONS if versioned else WITHOUT_VERSIONS):
        kind = "with" if versioned else "without"
        raise RunbookError(f"step: {step} is none of a rotation {kind} versions. To be done: {', '.join(steps)}. Nothing was changed.")
    if step not in steps or (step == FINISH and held.stage == REST):
        return False
    before = [one for one in steps[: steps.index(step)] if one not in (REENCRYPT, SPREAD)]
    if before:
        raise RunbookError(f"step: {before[0]} comes before {step}. To be done: {', '.join(steps)}. Nothing was changed.")
    return True


def change_of(step: str, held: Held, new: str) -> Change:
    """What a step that is due writes. ``new``: the new secret, used by ADOPT and REPLACE alone."""
    single, versions = held.secrets.single, held.secrets.versions
    if step == REPLACE:
        return Change(single=new, former=single)
    if step == FINISH:
        return Change(single=single, versions=written(versions), marked=False)
    if step == ADOPT:
        known = versions or {1: single}
        return Change(single=single, versions=written({**known, max(known) + 1: new}))
    newest = max(versions)
    if step == SWITCH:
        return Change(single=single, versions=written({newest: versions[newest], **versions}))
    return Change(single=versions[newest], versions=written({newest: versions[newest]}))


def held_after(change: Change) -> Held:
    """What the Secret holds once a change is written."""
    return Held(secrets_of(change.single, change.versions, "the Secret"), change.former, change.marked)


def written(versions: dict[int, str]) -> str | None:
    """The value of BETTER_AUTH_SECRETS, None where there are no versions."""
    return ",".join(f"{version}:{secret}" for version, secret in versions.items()) or None


def pending(held: Held) -> str | None:
    """The secret to which a rotation that has not ended goes, None where there is none."""
    if held.stage == REST:
        return None
    versions = held.secrets.versions
    return versions[max(versions)] if versions else held.secrets.single


def require_acceptable(new: str, held: Held) -> None:
    """Raises RunbookError where a new secret can't be one, or is not the one to which an unfinished rotation goes."""
    under_way = pending(held)
    if under_way:
        if new != under_way:
            raise RunbookError("new: a rotation to another secret has not ended. Run it to its end without the option first.")
        return
    if len(new) < SHORTEST:
        raise RunbookError(f"new: Better Auth wants at least {SHORTEST} characters. Leave the option out to have one generated.")
    if new in held.secrets.values:
        raise RunbookError("new: that is a secret in use already. Give another one, or leave the option out to have one generated.")
    if not fits_a_list(new):
        raise RunbookError("new: a comma, or whitespace at an end, can't stand in BETTER_AUTH_SECRETS. Give another one.")


def unlisted(held: Held) -> str:
    """Why the present secret can't become a version, in a sentence; "" where it can."""
    if held.secrets.versions or fits_a_list(held.secrets.single):
        return ""
    return "The present secret has a comma, or whitespace at an end, which BETTER_AUTH_SECRETS can't hold."


def fits_a_list(secret: str) -> bool:
    """Whether a secret is read back from a list of versions as it was put in."""
    try:
        return secrets_of(None, written({1: secret, 2: "another"}), "").versions.get(1) == secret
    except RunbookError:
        return False
