# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each place of Better Auth's secret has to hold, which values that loses, and which workloads have to restart. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...clients.cluster.secrets import reverting_manager, write_obstacle
from ...errors import NOTHING_CHANGED, RunbookError
from ...secret_sources import Ref
from ..ciphertext import UNREADABLE
from ..keys import SigningKey, evaluate_keys, sign_in_status
from ..rotation.plan import fits_versions
from ..rotation.stages import IDLE
from ..signing_secrets import SigningSecrets, parse_secrets
from .candidates import Candidate, bare_rows, candidates_of, choose, decrypted_by
from .model import Consumer, SyncState

COMPLETE = "Complete it with rotate_secret.yml"


@dataclass(frozen=True)
class SyncPlan:
    """The value of each place afterwards (None: it has none), and what is chosen by which candidates."""

    state: SyncState
    chosen: Candidate
    candidates: list[Candidate]
    targets: dict[Ref, str | None] = field(repr=False)

    @property
    def changed(self) -> list[Ref]:
        """The places to write."""
        return [place for place, value in self.targets.items() if self.state.raw(place) != (value or "").encode()]

    @property
    def secrets(self) -> SigningSecrets:
        """What auth servers run with after a restart."""
        options = self.state.options
        return parse_secrets(self.targets[options.own], self.targets[options.versions], "the Secret")

    @property
    def keys(self) -> list[SigningKey]:
        """The signing keys, by these secrets."""
        return evaluate_keys(self.state.rows, self.secrets, self.state.private_key_storage, self.state.rule)

    @property
    def unreadable(self) -> list[str]:
        """The ids of the keys in use that can't be decrypted with them."""
        return [key.row.id for key in self.keys if key.state == UNREADABLE and not key.row.expired]

    @property
    def sign_in(self) -> str:
        """Whether tokens can be signed once these keys are retired or deleted."""
        rows = [replace(row, expired=True) if row.id in self.unreadable else row for row in self.state.rows]
        return sign_in_status(evaluate_keys(rows, self.secrets, self.state.private_key_storage, self.state.rule))

    @property
    def former_values(self) -> list[tuple[Ref, bytes]]:
        """The values that are overwritten, and those that only running containers still have."""
        kept = [(place, self.state.raw(place)) for place in self.changed if self.state.raw(place)]
        stored = {self.state.raw(place) for place in self.targets} | {(value or "").encode() for value in self.targets.values()}
        running = [(one.place, one.value) for one in self.state.consumers if one.value and one.value not in stored]
        return list(dict.fromkeys([*kept, *running]))

    @property
    def warnings(self) -> list[str]:
        """What would write former values back."""
        managers = {place: reverting_manager(self.state.stored[place.secret], place.key, (self.targets[place] or "").encode()) for place in self.changed}
        return [
            f"The Secret {place.secret} was applied from a manifest that has the key {place.key} ({manager}): the next apply would write that value back. "
            "Change it there too."
            for place, manager in managers.items() if manager
        ]  # fmt: skip

    @property
    def stale(self) -> list[Consumer]:
        """The consumers that get the value of their place only by a restart. One that can't be asked has the value of its start."""
        return [one for one in self.state.consumers if one.needs_restart and self._is_stale(one)]

    def _is_stale(self, one: Consumer) -> bool:
        if one.unknown:
            return one.outdated or one.place in self.changed
        return (one.value or b"") != (self.targets[one.place] or "").encode()


def make_plan(state: SyncState) -> SyncPlan:
    """The plan. Raises RunbookError where the correct value is not certain, or a Secret must not be written."""
    candidates = candidates_of(state)
    try:
        chosen = choose(state, candidates)
    except RunbookError as error:
        raise RunbookError(" ".join(filter(None, [str(error), rotation_message(state)])), rotation_stage=state.rotation.stage) from error
    plan = SyncPlan(state, chosen, candidates, _targets(state, chosen))
    obstacles = {place.secret: write_obstacle(state.stored[place.secret]) for place in plan.changed}
    refused = [f"The Secret {name} would have to change, but {reason}." for name, reason in obstacles.items() if reason]
    if refused:
        raise RunbookError(f"No Secret was changed. {' '.join(refused)}", refusals=refused)
    return plan


def rotation_message(state: SyncState) -> str:
    """That a rotation is unfinished, and how it is ended, "" where none is in progress."""
    stage = state.rotation.stage
    if stage == IDLE:
        return ""
    return f"A rotation of the secret is unfinished (stage: {stage}). {COMPLETE}, which continues where it stopped."


def _targets(state: SyncState, chosen: Candidate) -> dict[Ref, str | None]:
    options = state.options
    versions = _versions_text(state, chosen)
    targets: dict[Ref, str | None] = {place: chosen.value for place in options.locations}
    targets[options.own] = _single_of(state, chosen.value)
    targets[options.versions] = versions
    for place in options.places:
        if place not in targets:  # the list of a copy, which a rotation writes
            follows = bool(state.raw(place)) and state.rotation.stage == IDLE
            targets[place] = versions if follows else state.text(place) or None
    return targets


def _versions_text(state: SyncState, chosen: Candidate) -> str | None:
    """The list of the auth servers, of which the first entry signs."""
    if not state.versions:
        return None
    version, active = next(iter(state.versions.items()))
    if active == chosen.value:
        return state.text(state.options.versions)
    if state.in_rotation:
        raise RunbookError(
            f"source: {chosen.name} is not what the auth servers sign with (the first entry of {state.options.versions}). {rotation_message(state)} "
            f"Leave the option source (auth_keys_source) out meanwhile. {NOTHING_CHANGED}"
        )
    if not fits_versions(chosen.value):
        raise RunbookError(
            f"source: the value of {chosen.name} contains a comma, or leading or trailing whitespace, which {state.options.versions} "
            f"(BETTER_AUTH_SECRETS) cannot represent. {NOTHING_CHANGED}"
        )
    return f"{version}:{chosen.value}"


def _single_of(state: SyncState, value: str) -> str:
    """The auth servers' BETTER_AUTH_SECRET. Beside a list it only decrypts what is encrypted without a version: the one that decrypts most of that."""
    if not state.versions:
        return value
    current = state.text(state.options.own)
    oldest = state.versions[min(state.versions)]
    preferred = [current, oldest] if state.in_rotation and current in state.versions.values() else [oldest if state.in_rotation else value, current]
    return max(dict.fromkeys([*preferred, *state.versions.values(), value]), key=lambda one: _bare(state, one))


def _bare(state: SyncState, value: str) -> int:
    """How many values that are encrypted without a version a secret decrypts."""
    return len(decrypted_by(bare_rows(state.rows), [value])) + state.bare_data.get(value, 0)
