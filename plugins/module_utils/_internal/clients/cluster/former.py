# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps each value of a Secret that is about to be overwritten or removed, in a Secret of its own, ``<name>-former``, which no workload reads.

Its keys are ``<key>.<generation>``. None is ever overwritten, none expires, and a value that is kept already is not kept again. A
generation is used once, also where its values were removed.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Union

from ...errors import RunbookError
from .access import needs
from .client import MERGE_PATCH, Cluster
from .errors import ApiError
from .secrets import FIELD_MANAGER, FORMER_VALUES, MANAGED_BY, MANAGER, StoredSecret, require_write_permissions, stored_secret, write_obstacle

FORMER_VALUES_OF = "runbook.minikube/former-values-of"  # annotation: the Secret's name, which a label is too short for
LAST_GENERATION = "runbook.minikube/last-generation"  # annotation
SUFFIX = "-former"
LONGEST_NAME = 253  # characters of a Secret's name, and of one of its keys
LONGEST_KEY = 240  # characters of a key, so that a generation fits behind it
DIGEST = 10  # characters that stand for the rest of a name that is too long
MAX_BYTES = 1024 * 1024  # of all values of a Secret: the API server's limit
ATTEMPTS = 5  # a further one only where another client wrote in between
Values = Union[Mapping[str, bytes], Iterable[tuple[str, bytes]]]  # noqa: UP007 (pylint knows no | of classes)
PURPOSE = "to keep the values that would be overwritten"


@dataclass(frozen=True)
class FormerSecret:
    """The former values of the Secret ``of``; ``stored`` is None where there are none yet."""

    of: str
    stored: StoredSecret | None = None
    last_generation: int = 0

    @property
    def name(self) -> str:
        """The name of the Secret that has them."""
        return former_name(self.of)

    def values_of(self, key: str) -> dict[str, bytes]:
        """The former values of a key by the key under which each one is kept, the newest first."""
        pattern = re.compile(rf"{re.escape(_shortened(key, LONGEST_KEY))}\.(\d+)")
        found = {match: value for kept, value in (self.stored.values.items() if self.stored else ()) if (match := pattern.fullmatch(kept))}
        return {match[0]: found[match] for match in sorted(found, key=lambda match: int(match[1]), reverse=True)}


@dataclass(frozen=True, order=True)
class FormerValue:
    """Where the former value of a key is kept. ``added``: False where it had been kept before."""

    secret: str
    key: str
    former_secret: str
    former_key: str
    added: bool

    def __str__(self) -> str:
        return f"{self.former_secret}/{self.former_key}"

    def report(self) -> dict:
        """The place as modules return it."""
        return {"secret": self.secret, "key": self.key, "former_secret": self.former_secret, "former_key": self.former_key}


@dataclass(frozen=True)
class FormerPlan:
    """What is added to a Secret with former values, and where each value is kept then. ``generation``: the last one that was used."""

    former: FormerSecret
    generation: int
    data: dict[str, bytes] = field(repr=False)
    kept: list[FormerValue]


def former_name(secret: str) -> str:
    """The name of the Secret with the former values of another one."""
    return f"{_shortened(secret, LONGEST_NAME - len(SUFFIX))}{SUFFIX}"


def keep_former_values(cluster: Cluster, namespace: str, secret: str, values: Values, check: bool = False) -> list[FormerValue]:
    """Keeps the values of a Secret's keys, and returns where. Called before they are overwritten or removed; ``check`` writes nothing.

    A key may have several values, as pairs. Empty values are not kept. Raises RunbookError where they can't be kept: then nothing may be
    overwritten.
    """
    pairs = [(key, value) for key, value in (values.items() if isinstance(values, Mapping) else values) if value]
    if not pairs:
        return []
    for _attempt in range(ATTEMPTS):
        plan = plan_former_values(read_former_values(cluster, namespace, secret), pairs, namespace)
        if not plan.data:
            return plan.kept
        require_write_permissions(cluster, namespace, create=plan.former.stored is None, patch=[plan.former.name])
        if check or _write(cluster, namespace, plan):
            return plan.kept
    raise RunbookError(
        f"The Secret {former_name(secret)} in namespace {namespace} was changed by another client during each of {ATTEMPTS} attempts. "
        "Find out who writes it (kubectl get secret NAME --show-managed-fields -o yaml) and run again."
    )


def read_former_values(cluster: Cluster, namespace: str, secret: str, purpose: str = PURPOSE) -> FormerSecret:
    """The former values of a Secret. Raises RunbookError where they may not be read; ``purpose`` says what for (an infinitive)."""
    missing = f"get secrets/{former_name(secret)}"
    with needs(missing, namespace, purpose, missing=[missing]):
        read = cluster.get("Secret", former_name(secret), namespace)
    if not read:
        return FormerSecret(secret)
    annotated = (read["metadata"].get("annotations") or {}).get(LAST_GENERATION, "")
    return FormerSecret(secret, stored_secret(read), int(annotated) if annotated.isdecimal() else 0)


def plan_former_values(former: FormerSecret, values: Iterable[tuple[str, bytes]], namespace: str) -> FormerPlan:
    """What has to be added so that all values are kept. Raises RunbookError where there is no room for them. Pure."""
    first = 1 + max([former.last_generation, *map(_generation_of, former.stored.values if former.stored else ())])
    data: dict[str, bytes] = {}
    kept = []
    for key, value in sorted(values, key=lambda pair: pair[0]):
        known = next((place for place, one in former.values_of(key).items() if one == value), None)
        place = known or _new_place(_shortened(key, LONGEST_KEY), value, first, data)
        kept.append(FormerValue(former.of, key, former.name, place, added=known is None))
        if known is None:
            data[place] = value
    if data:
        _require_writable(former, data, namespace)
    return FormerPlan(former, max(map(_generation_of, data), default=former.last_generation), data, kept)


def _new_place(key: str, value: bytes, generation: int, data: Mapping[str, bytes]) -> str:
    """The key of the first generation that no other value has."""
    while data.get(f"{key}.{generation}", value) != value:
        generation += 1
    return f"{key}.{generation}"


def _require_writable(former: FormerSecret, data: Mapping[str, bytes], namespace: str) -> None:
    stored = former.stored.values if former.stored else {}
    obstacle = write_obstacle(former.stored, former_values=True) if former.stored else None
    if not obstacle and sum(map(len, [*stored.values(), *data.values()])) > MAX_BYTES:
        obstacle = "there is no room for them (a Secret has at most 1 MiB): store its values elsewhere, and remove those that no data needs"
    if obstacle:
        message = (
            f"The values of the Secret {former.of} that would be overwritten are kept in the Secret {former.name} in namespace {namespace} first, "
            f"but {obstacle}."
        )
        raise RunbookError(message, refusals=[message])


def _write(cluster: Cluster, namespace: str, plan: FormerPlan) -> bool:
    """Adds the values, unless another client wrote in between: then False."""
    try:
        version = plan.former.stored.version if plan.former.stored else _create(cluster, namespace, plan.former)
        metadata = {"resourceVersion": version, "annotations": {LAST_GENERATION: str(plan.generation)}}
        body = {"metadata": metadata, "data": {key: base64.b64encode(value).decode() for key, value in plan.data.items()}}
        cluster.patch("Secret", plan.former.name, body, namespace, content_type=MERGE_PATCH, field_manager=FIELD_MANAGER)
    except ApiError as error:
        if error.status in (404, 409):
            return False
        raise RunbookError(f"The values of the Secret {plan.former.of} that would be overwritten could not be kept: {error}") from error
    return True


def _create(cluster: Cluster, namespace: str, former: FormerSecret) -> str:
    """Creates the Secret without values, and returns its resource version."""
    labels = {MANAGED_BY: MANAGER, FORMER_VALUES: "true"}
    metadata = {"name": former.name, "namespace": namespace, "labels": labels, "annotations": {FORMER_VALUES_OF: former.of}}
    body = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}
    return cluster.create("Secret", body, namespace, field_manager=FIELD_MANAGER)["metadata"]["resourceVersion"]


def _generation_of(key: str) -> int:
    number = key.rpartition(".")[2]
    return int(number) if number.isdecimal() else 0


def _shortened(name: str, longest: int) -> str:
    """The name, or its beginning and a digest of it where it is too long."""
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST]
    return f"{name[: longest - DIGEST - 1].rstrip('-.')}-{digest}"
