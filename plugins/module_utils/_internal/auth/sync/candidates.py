# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which value is Better Auth's secret: what each place has, how many keys it decrypts, and which one is chosen. Pure; no message holds a value."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from ...clients.secret_refs.differences import difference_of, message_of
from ...errors import NOTHING_CHANGED, RunbookError
from ...secret_sources import Ref
from ..ciphertext import BARE, ENVELOPE, READABLE, decrypt_private_key
from ..jwks_table import JwksRow
from ..rotation.copies import active_secret
from ..signing_secrets import SigningSecrets
from .model import SyncState

AUTH_SERVERS = "auth_servers"


@dataclass(frozen=True)
class Candidate:
    """A value that may be the correct one. ``name``: its place, or AUTH_SERVERS; ``keys``: how many keys that are in use it decrypts."""

    name: str
    value: str = field(repr=False)
    keys: int

    def __str__(self) -> str:
        return f"{'what the auth servers run with' if self.name == AUTH_SERVERS else self.name} ({self.keys} key{'' if self.keys == 1 else 's'})"


def candidates_of(state: SyncState) -> list[Candidate]:
    """The value of each place, in the order of the option; then the one that signs by the list, and the one that the auth servers sign with."""
    found = [_candidate(state, str(place), [state.text(place)]) for place in state.options.locations]
    if state.versions:
        listed = _candidate(state, str(state.options.versions), state.versions.values())
        beside = decrypted_by(bare_rows(state.rows), [state.text(state.options.own)])  # what such a list leaves to the single secret
        found.append(replace(listed, keys=len({row.id for row in (*decrypted_by(state.rows, state.versions.values()), *beside)})))
    if state.running:
        found.append(_candidate(state, AUTH_SERVERS, [active_secret(state.running), *state.running.values]))
    return found


def choose(state: SyncState, candidates: list[Candidate]) -> Candidate:
    """The candidate whose value all places get. Raises RunbookError where it is not certain, or decrypts fewer keys than another."""
    source, names = state.options.source, [one.name for one in candidates]
    if source and source not in names:
        raise RunbookError(f"source: must be one of {', '.join(names)}, got {source}. {NOTHING_CHANGED}")
    chosen = next((one for one in candidates if one.name == source), None) or _certain(state, candidates)
    if not chosen.value:
        raise RunbookError(f"source: {chosen.name} has no value, or none in UTF-8. {NOTHING_CHANGED}")
    if source or _stored_values(state, candidates) != {chosen.value}:
        _require_most_keys(chosen, candidates, state.options.force)
    return chosen


def decrypted_by(rows: Iterable[JwksRow], values: Collection[str]) -> list[JwksRow]:
    """The keys in use that one of the values decrypts, whatever the version in the envelope."""
    return [row for row in rows if not row.expired and any(_decrypts(value, row) for value in values if value)]


def bare_rows(rows: Iterable[JwksRow]) -> list[JwksRow]:
    """The keys that are encrypted without a version, which only the single secret decrypts."""
    return [row for row in rows if decrypt_private_key(row.private_key, SigningSecrets()).form == BARE]


def _candidate(state: SyncState, name: str, values: Collection[str]) -> Candidate:
    return Candidate(name, next(iter(values)), len(decrypted_by(state.rows, values)))


def _decrypts(value: str, row: JwksRow) -> bool:
    result = decrypt_private_key(row.private_key, SigningSecrets(value))
    if result.form == ENVELOPE and result.version is not None:
        result = decrypt_private_key(row.private_key, SigningSecrets(versions={result.version: value}))
    return result.state == READABLE


def _certain(state: SyncState, candidates: list[Candidate]) -> Candidate:
    """The value in force: what the list says, or what all places have."""
    if state.versions:
        return next(one for one in candidates if one.name == str(state.options.versions))
    if len(_stored_values(state, candidates)) == 1:
        return candidates[0]
    differences = " ".join(_differences(state, state.options.locations))
    names = " or ".join(one.name for one in candidates if one.value)
    raise RunbookError(
        f"Better Auth's secret is not the same in all locations. {differences} Keys in use that each decrypts: {', '.join(map(str, candidates))}. Choose the "
        f"correct one, whose value is copied to the others: -e auth_keys_source={names} with recover_auth.yml, or the option source. {NOTHING_CHANGED}"
    )


def _stored_values(state: SyncState, candidates: list[Candidate]) -> set[str]:
    return {one.value for one in candidates if one.name != AUTH_SERVERS}


def _differences(state: SyncState, places: Iterable[Ref]) -> list[str]:
    first, *others = places
    found = ((other, difference_of(state.raw(first) or None, state.raw(other) or None)) for other in others)
    return [message_of(difference, f"Secret {first}", f"Secret {other}") for other, difference in found if difference]


def _require_most_keys(chosen: Candidate, candidates: list[Candidate], force: bool) -> None:
    best = max((one for one in candidates if one.value != chosen.value), key=lambda one: one.keys, default=chosen)
    if best.keys > chosen.keys and not force:
        raise RunbookError(
            f"source: {chosen.name} decrypts {chosen.keys} of the keys in use, and {best.name} {best.keys}: with {chosen.name}, tokens could be signed only "
            f"after keys are retired, and data under the other secret would be lost to its owners. Choose {best.name} (auth_keys_source), or, if you are "
            f"sure, set force: true (auth_keys_force). {NOTHING_CHANGED}"
        )
