# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which Secrets and ConfigMaps have the values with which the containers run, although they were written later.

A write that changes nothing, or changes another key, does not make a pod stale. Where that can't be proven, the time of the write counts.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from ..clients.cluster.client import Cluster
from ..clients.secret_refs.consumers import FIELDS, consumers_of
from ..clients.secret_refs.container_values import ContainerValue, Lookup, lookup_of, read_values
from ..errors import RunbookError
from .options import Source

SHORTEST_HIDDEN = 16  # bytes: shorter values are words too, such as names of users and hosts, which messages need
T = TypeVar("T")


def unchanged_sources(
    cluster: Cluster, namespace: str, late: Mapping[T, tuple[list[dict], set[Source]]], hide: Callable
) -> dict[T, set[Source]]:
    """The sources all of whose values the running containers of the pods are proven to have. Needs get on them, and exec.

    ``late``: each workload's pods, with the sources that were written after they had started. Each source is read once, and the
    permission for exec is checked once. ``hide``: called with the values of the Secrets.
    """
    objects = _read(cluster, namespace, {source for _pods, sources in late.values() for source in sources})
    values = [value for (kind, _name), obj in objects.items() if kind == "Secret" for value in _decoded(kind, obj).values()]
    hide(value for value in values if len(value) >= SHORTEST_HIDDEN)
    expected = {
        (workload, source): {lookup: value for pod in pods for lookup, value in _lookups(pod, source, objects[source])}
        for workload, (pods, sources) in late.items()
        for source in sources
        if source in objects and not any(_is_hidden(pod["spec"], source) for pod in pods)
    }
    found = _read_containers(cluster, {lookup for values in expected.values() for lookup in values})
    proven = {key for key, values in expected.items() if values and all(_has(found.get(lookup), value) for lookup, value in values.items())}
    return {workload: {source for source in sources if (workload, source) in proven} for workload, (_pods, sources) in late.items()}


def _read(cluster: Cluster, namespace: str, sources: set[Source]) -> dict[Source, dict]:
    """The sources that exist and may be read."""
    objects = {}
    for source in sorted(sources):
        try:
            obj = cluster.get(*source, namespace)
        except RunbookError:  # not allowed, or not reachable
            continue
        if obj:
            objects[source] = obj
    return objects


def _read_containers(cluster: Cluster, lookups: set[Lookup]) -> dict[Lookup, ContainerValue]:
    try:
        return read_values(cluster, sorted(lookups, key=str))
    except RunbookError:  # not allowed, or not reachable
        return {}


def _has(found: ContainerValue | None, value: bytes | None) -> bool:
    return found is not None and not found.unknown and found.value == value


def _is_hidden(spec: dict, source: Source) -> bool:
    """Whether a container has read the source in a way that can't be checked: before it ended, or keys that may be gone by now (envFrom, subPath)."""
    kind, name = source
    ended = [one for one in spec.get("initContainers") or [] if one.get("restartPolicy") != "Always"]
    all_keys = FIELDS[kind]["all"]
    whole = [ref for one in _containers(spec) for ref in one.get("envFrom") or [] if (ref.get(all_keys) or {}).get("name") == name]
    mounts = [mount for one in _containers(spec) for mount in one.get("volumeMounts") or [] if mount.get("subPath") or mount.get("subPathExpr")]
    return bool(whole or mounts or any(_keys_of(one, source) for one in ended))


def _lookups(pod: dict, source: Source, obj: dict) -> Iterator[tuple[Lookup, bytes | None]]:
    """Each value that a container keeps from its start, with the present one; None for a key that does not exist."""
    kind, name = source
    data = _decoded(kind, obj)
    for key in {*data, *(key for one in _containers(pod["spec"]) for key in _keys_of(one, source))}:
        for consumer in consumers_of(pod["spec"], kind, name, key):
            if consumer.needs_restart:
                yield lookup_of(pod, consumer), data.get(key)


def _containers(spec: dict) -> list[dict]:
    return [*(spec.get("initContainers") or []), *spec["containers"]]


def _keys_of(container: dict, source: Source) -> set[str]:
    """The keys of the source that environment variables of a container name."""
    kind, name = source
    refs = [(entry.get("valueFrom") or {}).get(FIELDS[kind]["env"]) or {} for entry in container.get("env") or []]
    return {ref["key"] for ref in refs if ref.get("name") == name}


def _decoded(kind: str, obj: dict) -> dict[str, bytes]:
    data = obj.get("data") or {}
    if kind == "Secret":
        return {key: base64.b64decode(value) for key, value in data.items()}
    binary = {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    return {**binary, **{key: value.encode() for key, value in data.items()}}
