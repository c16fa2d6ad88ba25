# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys of which Secrets to write, and in which order. Pure: stored Secrets and sources in, writes out.

A value is written before the values that are derived from it: an interrupted run leaves values that the next one reads and builds on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from ..clients.cluster.secrets import StoredSecret, reverting_manager, write_obstacle
from ..errors import RunbookError
from ..secret_sources import PLACEHOLDER, Ref, Source, stages_of

ADDED, UPDATED, RESTORED, UNCHANGED = "added", "updated", "restored", "unchanged"


class Refusal(Exception):
    """Why a key or a Secret must not be written; a sentence without values."""


@dataclass(frozen=True)
class Write:
    """The keys of one Secret that are written in one request; ``create`` where the Secret does not exist."""

    secret: str
    data: dict[str, bytes] = field(repr=False)
    create: bool


@dataclass
class SecretsPlan:
    """The writes in their order, and the action for each key: added, updated, restored or unchanged."""

    writes: list[Write] = field(default_factory=list)
    keys: dict[Ref, str] = field(default_factory=dict)


def make_plan(stored: dict[str, StoredSecret], sources: dict[Ref, Source], generate: Callable[[int], str]) -> SecretsPlan:
    """Plans the writes; ``generate(length)`` returns a new random text. Raises RunbookError with every write that is refused."""
    plan = SecretsPlan()
    values: dict[Ref, bytes] = {}
    refusals: list[str] = []
    for stage in stages_of(sources):
        changes: dict[str, dict[str, bytes]] = {}
        for ref in stage:
            try:
                plan.keys[ref], values[ref] = _decide(ref, sources, stored, values, generate)
            except Refusal as refusal:
                refusals.append(str(refusal))
                values[ref] = b""  # so that values derived from it are checked too; nothing is written
                continue
            if plan.keys[ref] != UNCHANGED:
                changes.setdefault(ref.secret, {})[ref.key] = values[ref]
        planned = {write.secret for write in plan.writes}
        plan.writes += [Write(secret, data, secret not in stored and secret not in planned) for secret, data in changes.items()]
    refusals += _obstacles(stored, {write.secret for write in plan.writes})
    if refusals:
        raise RunbookError(" ".join(refusals), refusals=refusals)
    return plan


def overwritten_values(plan: SecretsPlan, stored: dict[str, StoredSecret], secret: str) -> dict[str, bytes]:
    """The stored values of a Secret that the plan replaces, by key."""
    return {ref.key: stored[secret].values[ref.key] for ref, action in plan.keys.items() if ref.secret == secret and action == UPDATED}


def revert_warnings(plan: SecretsPlan, stored: dict[str, StoredSecret], namespace: str) -> list[str]:
    """A sentence for each key that is written although a manifest with another value was applied."""
    written = [(write.secret, key, value) for write in plan.writes if write.secret in stored for key, value in write.data.items()]
    managers = {(secret, key): reverting_manager(stored[secret], key, value) for secret, key, value in written}
    return [
        f"The Secret {secret} in namespace {namespace} was applied from a manifest that has the key {key} ({manager}): "
        "the next apply would write that value back. Change it there too."
        for (secret, key), manager in managers.items() if manager
    ]  # fmt: skip


def rotation_warnings(sources: dict[Ref, Source], stored: dict[str, StoredSecret]) -> list[str]:
    """A sentence for each value that is rotated and whose copies are left unchanged meanwhile."""
    left: dict[Ref, list[Ref]] = {}
    for ref in sources:
        origin = _rotating_origin(ref, sources, stored)
        if origin and _current(ref, stored) not in (None, _current(origin, stored)):
            left.setdefault(origin, []).append(ref)
    return [
        f"A rotation of {origin} is in progress, so {', '.join(map(str, copies))} {'keeps its value' if len(copies) == 1 else 'keep their values'}. "
        f"Complete it with {sources[origin].rotated_by}."
        for origin, copies in left.items()
    ]


def _rotating_origin(ref: Ref, sources: dict[Ref, Source], stored: dict[str, StoredSecret]) -> Ref | None:
    """What a key is a copy of, where that is rotated now: a rotation writes the copies itself, some of them before the value that is copied."""
    origin = ref
    while sources[origin].kind == "copy":
        origin = sources[origin].content
    rotating = origin != ref and sources[origin].rotated_by and origin.secret in stored and stored[origin.secret].rotating
    return origin if rotating else None


def _decide(ref: Ref, sources: dict[Ref, Source], stored: dict[str, StoredSecret], values: dict[Ref, bytes], generate) -> tuple[str, bytes]:
    """The action for one key, and its value."""
    source, current = sources[ref], _current(ref, stored)
    if source.kind == "generate":
        return (UNCHANGED, current) if current is not None else _restored_or_new(ref, sources, stored, generate)
    value = _derived(ref, source, values)
    if current is None:
        return ADDED, value
    if current == value or _rotating_origin(ref, sources, stored):
        return UNCHANGED, current
    if source.rotated_by:
        raise Refusal(
            f"The value of {ref} in the cluster differs from the given one. A deployment must not change it: "
            f"run the playbook {source.rotated_by} to rotate it, or give the value in use."
        )
    return UPDATED, value


def _restored_or_new(ref: Ref, sources: dict[Ref, Source], stored: dict[str, StoredSecret], generate) -> tuple[str, bytes]:
    """A missing generated value is restored from its copies, as other data may be encrypted with it; else a new one is generated."""
    copies = [other for other, source in sources.items() if source.kind == "copy" and source.content == ref]
    values = {other: value for other in copies if (value := _current(other, stored))}
    if len(set(values.values())) > 1:
        names = ", ".join(map(str, values))
        raise Refusal(f"{ref} is missing and its copies differ from each other ({names}): write the correct value to {ref} by hand.")
    for value in values.values():
        return RESTORED, value
    return ADDED, generate(sources[ref].content).encode()


def _current(ref: Ref, stored: dict[str, StoredSecret]) -> bytes | None:
    secret = stored.get(ref.secret)
    return secret.values.get(ref.key) if secret else None


def _derived(ref: Ref, source: Source, values: dict[Ref, bytes]) -> bytes:
    if source.kind == "value":
        return source.content if isinstance(source.content, bytes) else str(source.content).encode()
    if source.kind == "copy":
        return values[source.content]

    def fill(placeholder) -> str:
        part = Ref(placeholder["secret"], placeholder["key"])
        try:
            text = values[part].decode()
        except UnicodeDecodeError as error:
            raise Refusal(f"{part} is not valid UTF-8, so {ref} can't be derived from it: give {ref} a value of its own.") from error
        return quote(text, safe="") if placeholder["url"] else text

    return PLACEHOLDER.sub(fill, source.content).encode()


def _obstacles(stored: dict[str, StoredSecret], written: set[str]) -> list[str]:
    """Why existing Secrets must not be written."""
    reasons = {name: write_obstacle(stored[name]) for name in sorted(written & set(stored))}
    return [f"The Secret {name} would have to change, but {reason}." for name, reason in reasons.items() if reason]
