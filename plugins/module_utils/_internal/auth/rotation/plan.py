# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a step of a rotation is due, what it writes, which values that loses, and which new secrets are valid. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import NOTHING_CHANGED, RunbookError
from ..signing_secrets import SigningSecrets, parse_secrets
from .copies import SecretCopy
from .options import RotationOptions
from .stages import (
    ADD,
    FINISH,
    IDLE,
    PROMOTE,
    REENCRYPT,
    REPLACE,
    REPLACED,
    SYNC_COPIES,
    UNVERSIONED_STEPS,
    VERSIONED_STEPS,
    SecretState,
)

SHORTEST = 32  # characters: Better Auth warns about a shorter secret
GENERATE = "or leave the option out to have one generated."


@dataclass(frozen=True)
class SecretChange:
    """The Secret after a step: the values of its keys (None removes one), and whether a rotation is in progress afterwards.

    ``changes_previous``: whether the step writes or removes the key of the old secret, which only an unversioned rotation has.
    """

    single: str | None = field(default=None, repr=False)
    versions: str | None = field(default=None, repr=False)
    previous: str | None = field(default=None, repr=False)
    in_progress: bool = True
    changes_previous: bool = False


@dataclass(frozen=True)
class SecretWrite:
    """One write to a Secret. ``data``: the keys that change (None removes one); ``former``: the values that it loses, which are kept first."""

    secret: str
    version: str
    data: dict[str, str | None] = field(repr=False)
    former: dict[str, bytes] = field(repr=False)
    annotations: dict[str, str | None] = field(default_factory=dict)


def is_due(step: str, state: SecretState, steps: list[str], versioned: bool, copies_due: bool = False) -> bool:
    """Whether a step must be written, False where it has been. Raises RunbookError where another comes first, or it does not exist here."""
    remaining = f"Remaining steps: {', '.join(steps)}. {NOTHING_CHANGED}"
    if step not in (VERSIONED_STEPS if versioned else UNVERSIONED_STEPS):
        kind = "a versioned" if versioned else "an unversioned"
        raise RunbookError(f"step: {step} does not exist in {kind} rotation. {remaining}")
    if step == SYNC_COPIES and state.stage != IDLE:
        return copies_due
    if step not in steps or (step == FINISH and state.stage == IDLE):
        return False
    before = [one for one in steps[: steps.index(step)] if one != REENCRYPT]
    if before:
        raise RunbookError(f"step: {before[0]} comes before {step}. {remaining}")
    return True


def change_of(step: str, state: SecretState, new: str) -> SecretChange:
    """What a step that is due writes. ``new``: the new secret, used by ADD and REPLACE alone."""
    single, versions = state.single, state.secrets.versions
    if step == REPLACE:
        return SecretChange(single=new, previous=single, changes_previous=True)
    if step == FINISH:
        return SecretChange(single, format_versions(versions), in_progress=False, changes_previous=state.stage == REPLACED)
    if step == ADD:
        known = versions or {1: single}
        return SecretChange(single=single, versions=format_versions({**known, max(known) + 1: new}))
    newest = max(versions)
    if step == PROMOTE:
        return SecretChange(single=single, versions=format_versions({newest: versions[newest], **versions}))
    return SecretChange(single=versions[newest], versions=format_versions({newest: versions[newest]}))


def state_after(change: SecretChange) -> SecretState:
    """The state of the Secret once a change is written."""
    return SecretState(parse_secrets(change.single, change.versions, "the Secret"), change.previous, change.in_progress)


def write_of(options: RotationOptions, stored: dict[str, str], version: str, change: SecretChange, annotations: dict[str, str | None]) -> SecretWrite:
    """The write of a step to the rotated Secret. ``stored``: the values of its keys."""
    wanted = {options.key: change.single, options.versions_key: change.versions}
    if change.changes_previous:
        wanted[options.previous_secret_key] = change.previous
    former = {options.key: stored[options.key].encode()} if stored.get(options.key) != change.single else {}
    if _loses(stored.get(options.versions_key), state_after(change).secrets):
        former[options.versions_key] = stored[options.versions_key].encode()
    previous = stored.get(options.previous_secret_key)
    if change.changes_previous and previous and previous != change.previous:
        # At the end of a rotation it is a former value of the key itself; before one, it is whatever another client has written there.
        former.setdefault(options.previous_secret_key if change.previous else options.key, previous.encode())
    return SecretWrite(options.secret, version, _changed(stored, wanted), former, annotations)


def write_of_copy(copy: SecretCopy, content: SigningSecrets) -> SecretWrite:
    """The write of a copy of the secret."""
    stored = {key: value.decode(errors="replace") for key, value in copy.stored.items()}
    wanted = {copy.key: content.single}
    if copy.versions_key:
        wanted[copy.versions_key] = format_versions(content.versions)
    data = _changed(stored, wanted)
    lost = [key for key in data if key == copy.key or _loses(stored.get(key), content)]
    return SecretWrite(copy.secret, copy.version, data, {key: copy.stored[key] for key in lost if copy.stored.get(key)})


def _changed(stored: dict[str, str], wanted: dict[str, str | None]) -> dict[str, str | None]:
    return {key: text for key, text in wanted.items() if text != stored.get(key)}


def _loses(versions: str | None, content: SigningSecrets) -> bool:
    """Whether a stored list has a secret that is not in the content any more; one that is malformed may have any."""
    try:
        return bool(versions) and not set(parse_secrets(None, versions, "").versions.values()) <= content.values
    except RunbookError:
        return True


def format_versions(versions: dict[int, str]) -> str | None:
    """The value of BETTER_AUTH_SECRETS, None where there are no versions."""
    return ",".join(f"{version}:{secret}" for version, secret in versions.items()) or None


def require_valid_new_secret(new: str, state: SecretState) -> None:
    """Raises RunbookError where a new secret is invalid, or not the one of the rotation in progress."""
    if state.target:
        if new != state.target:
            raise RunbookError("new_secret: a rotation to a different secret is in progress. Complete it first, without this option.")
        return
    if len(new) < SHORTEST:
        raise RunbookError(f"new_secret: must have at least {SHORTEST} characters. Set a longer one, {GENERATE}")
    if new in state.secrets.values:
        raise RunbookError(f"new_secret: is already in use. Set a different one, {GENERATE}")
    if not fits_versions(new):
        raise RunbookError(
            f"new_secret: must not contain commas or leading or trailing whitespace (BETTER_AUTH_SECRETS cannot represent them). Set another one, {GENERATE}"
        )


def why_not_representable(state: SecretState) -> str:
    """Why the current secret can't become a version, in a sentence; "" where it can."""
    if state.secrets.versions or fits_versions(state.single):
        return ""
    return "The current secret contains a comma, or leading or trailing whitespace, which BETTER_AUTH_SECRETS cannot represent."


def fits_versions(secret: str) -> bool:
    """Whether a secret is parsed from a list of versions as it was written."""
    try:
        return parse_secrets(None, format_versions({1: secret, 2: "another"}), "").versions.get(1) == secret
    except RunbookError:
        return False
