# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys of which Secrets have to be written, and in which order. Pure: stored Secrets and sources in, writes out.

A value is written before anything is made of it: a run that was cut off leaves values that the next one reads and builds on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_sources import PLACEHOLDER, Ref, Source, stages_of
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.observe import Stored

ADDED, UPDATED, RESTORED, KEPT = "added", "updated", "restored", "kept"
MANAGER = "runbook.minikube"


class Refusal(Exception):
    """Why a key or a Secret must not be written; a sentence without values."""


@dataclass(frozen=True)
class Write:
    """Some keys of one Secret that are written at once; ``create`` where the Secret is not there yet."""

    secret: str
    data: dict[str, bytes] = field(repr=False)
    create: bool


@dataclass
class Plan:
    """The writes in their order, and what becomes of each key: added, updated, restored or kept."""

    writes: list[Write] = field(default_factory=list)
    keys: dict[Ref, str] = field(default_factory=dict)


def make_plan(stored: dict[str, Stored], sources: dict[Ref, Source], generate: Callable[[int], str]) -> Plan:
    """Plans the writes; ``generate(length)`` makes a new random text. Raises RunbookError where anything must not be written."""
    plan, values, refusals = Plan(), {}, []
    for stage in stages_of(sources):
        changes: dict[str, dict[str, bytes]] = {}
        for ref in stage:
            try:
                plan.keys[ref], values[ref] = _decide(ref, sources, stored, values, generate)
            except Refusal as refusal:
                refusals.append(str(refusal))
                values[ref] = b""  # so that what is made of it is looked at too; nothing will be written
                continue
            if plan.keys[ref] != KEPT:
                changes.setdefault(ref.secret, {})[ref.key] = values[ref]
        planned = {write.secret for write in plan.writes}
        plan.writes += [Write(secret, data, secret not in stored and secret not in planned) for secret, data in changes.items()]
    refusals += _foreign(stored, {write.secret for write in plan.writes})
    if refusals:
        raise RunbookError(" ".join(refusals), refusals=refusals)
    return plan


def _decide(ref: Ref, sources: dict[Ref, Source], stored: dict[str, Stored], values: dict[Ref, bytes], generate) -> tuple[str, bytes]:
    """What becomes of one key, and its value."""
    source, present = sources[ref], _present(ref, stored)
    if source.kind == "generate":
        return (KEPT, present) if present is not None else _restored_or_new(ref, sources, stored, generate)
    wanted = _made(ref, source, values)
    if present is None:
        return ADDED, wanted
    if present == wanted:
        return KEPT, present
    if source.rotated_by:
        raise Refusal(
            f"{ref} stands in the cluster with another value than the one given. A deployment must not change it: "
            f"run the playbook {source.rotated_by} to rotate it, or give the value that is in use."
        )
    return UPDATED, wanted


def _restored_or_new(ref: Ref, sources: dict[Ref, Source], stored: dict[str, Stored], generate) -> tuple[str, bytes]:
    """A generated value that is gone comes back from its copies, as other data may lie under it; else a new one is made."""
    copies = [other for other, source in sources.items() if source.kind == "copy" and source.content == ref]
    found = {other: value for other in copies if (value := _present(other, stored))}
    if len(set(found.values())) > 1:
        places = ", ".join(map(str, found))
        raise Refusal(f"{ref} is missing and its copies differ from each other ({places}): write the right value to {ref} by hand.")
    for value in found.values():
        return RESTORED, value
    return ADDED, generate(sources[ref].content).encode()


def _present(ref: Ref, stored: dict[str, Stored]) -> bytes | None:
    secret = stored.get(ref.secret)
    return secret.values.get(ref.key) if secret else None


def _made(ref: Ref, source: Source, values: dict[Ref, bytes]) -> bytes:
    if source.kind == "value":
        return source.content if isinstance(source.content, bytes) else str(source.content).encode()
    if source.kind == "copy":
        return values[source.content]

    def fill(found) -> str:
        part = Ref(found["secret"], found["key"])
        try:
            text = values[part].decode()
        except UnicodeDecodeError as error:
            raise Refusal(f"{part} is not text (UTF-8), so {ref} can't be made of it: give {ref} a value of its own.") from error
        return quote(text, safe="") if found["url"] else text

    return PLACEHOLDER.sub(fill, source.content).encode()


def _foreign(stored: dict[str, Stored], written: set[str]) -> list[str]:
    """Why existing Secrets that would be written must not be."""
    reasons = {name: hands_off(stored[name]) for name in sorted(written & set(stored))}
    return [f"The Secret {name} would have to change, but {reason}." for name, reason in reasons.items() if reason]


def hands_off(secret: Stored) -> str | None:
    """Why a Secret must not be written, and what to do instead, as half a sentence; None where it may."""
    if secret.deleting:
        return "it is being deleted: wait until it is gone and run again"
    if secret.immutable:
        return "it is immutable: delete it, or make the one that the workloads read under another name"
    if secret.owner:
        return f"it belongs to {secret.owner}, which would write it back: change it there"
    if secret.managed_by not in (None, "", MANAGER):
        return f"it is managed by {secret.managed_by}, which would write it back: change it there"
    return None
