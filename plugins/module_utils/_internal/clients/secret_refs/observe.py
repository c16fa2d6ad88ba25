# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the values at locations: keys of Secrets and ConfigMaps, running containers, files, and values given as an option.

Reads in bulk: one list call per kind and namespace, or single objects where one is needed or listing is forbidden.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import RunbookError
from ..cluster.access import needs
from ..cluster.client import Cluster
from ..cluster.errors import ApiError
from .consumers import ENVIRONMENT
from .container_values import Lookup, read_values
from .options import Location
from .pods import PodFinder


@dataclass(frozen=True)
class LocatedValue:
    """The value at a location. ``index``: its entry in the option; ``unknown``: why the value is not known.

    ``lookup`` is set for a running container.
    """

    index: int
    label: str
    value: bytes | None = field(default=None, repr=False)
    unknown: str = ""
    lookup: Lookup | None = None


def observe(cluster: Cluster | None, namespace: str, locations: list[Location], option: str = "locations[{}]") -> list[LocatedValue]:
    """The values of all locations, in the order of the option; ``namespace`` is that of locations without one.

    ``option`` is how messages name an entry, with {} for its number. ``cluster`` may be None where no location needs it.

    Raises RunbookError for a missing permission, workload or file access.
    """
    locations = [replace(location, namespace=location.namespace or namespace) for location in locations]
    objects = _read_objects(cluster, locations)
    values: list[LocatedValue] = []
    lookups: list[tuple[int, Lookup]] = []
    pods = PodFinder(cluster) if cluster else None
    for index, location in enumerate(locations):
        where = option.format(index)
        if location.object:
            values.append(_value_of_key(index, location, *location.object, objects))
        elif location.file:
            values.append(LocatedValue(index, f"file {location.file}", _read_file(location.file)))
        elif location.value is not None:
            values.append(LocatedValue(index, f"the value given in {where}", location.value.encode()))
        lookups += [(index, lookup) for lookup in (_lookups(pods, where, location) if pods else [])]
    read = read_values(cluster, sorted({lookup for _index, lookup in lookups}, key=str)) if cluster and lookups else {}
    values += [LocatedValue(index, label_of(lookup), read[lookup].value, read[lookup].unknown, lookup) for index, lookup in lookups]
    return sorted(_without_speculative(locations, values), key=lambda one: one.index)


def label_of(lookup: Lookup) -> str:
    """A running container's location for messages."""
    what = "variable" if lookup.consumer.source_type == ENVIRONMENT else "file"
    return f"pod {lookup.namespace}/{lookup.pod}, container {lookup.consumer.container}, {what} {lookup.consumer.path}"


def _lookups(pods: PodFinder, where: str, location: Location) -> list[Lookup]:
    if location.workload:
        return pods.with_variable(where, location.workload, location.namespace, location.container, location.env)
    if location.object and location.check_consumers:
        return pods.consumers(*location.object, location.namespace, location.key)
    return []


def _without_speculative(locations: list[Location], values: list[LocatedValue]) -> list[LocatedValue]:
    """Leaves out a workload's containers without the variable that do not declare it, where other containers have it."""
    with_value = {one.index for one in values if one.lookup and (one.value is not None or one.unknown)}

    def speculative(one: LocatedValue) -> bool:
        return bool(one.lookup and locations[one.index].workload and one.value is None and not one.unknown and not one.lookup.declared)

    return [one for one in values if not (speculative(one) and one.index in with_value)]


def _read_objects(cluster: Cluster | None, locations: list[Location]) -> dict[tuple[str, str, str], dict]:
    """The existing objects that the locations name, by kind, namespace and name."""
    names: dict[tuple[str, str], set[str]] = {}
    for location in locations:
        if location.object:
            kind, name = location.object
            names.setdefault((kind, location.namespace), set()).add(name)
    read: dict[tuple[str, str, str], dict] = {}
    for (kind, namespace), object_names in sorted(names.items()):
        if cluster:
            read.update({(kind, namespace, obj["metadata"]["name"]): obj for obj in _read_kind(cluster, kind, namespace, object_names)})
    return read


def _read_kind(cluster: Cluster, kind: str, namespace: str, names: set[str]) -> list[dict]:
    if len(names) > 1:
        try:
            return [obj for obj in cluster.list(kind, namespace) if obj["metadata"]["name"] in names]
        except ApiError as error:
            if error.status != 403:
                raise
    return list(filter(None, (_read_one(cluster, kind, namespace, name) for name in sorted(names))))


def _read_one(cluster: Cluster, kind: str, namespace: str, name: str) -> dict | None:
    resource = f"{kind.lower()}s/{name}"
    with needs(f"get {resource}", namespace, missing=[f"get {resource}"]):
        return cluster.get(kind, name, namespace)


def _value_of_key(index: int, location: Location, kind: str, name: str, objects: dict) -> LocatedValue:
    label = f"{kind} {location.namespace}/{name}, key {location.key}"
    obj = objects.get((kind, location.namespace, name)) or {}
    try:
        return LocatedValue(index, label, value_in(obj, kind, location.key))
    except binascii.Error:
        return LocatedValue(index, label, unknown="the stored data is not valid base64")


def value_in(obj: dict, kind: str, key: str) -> bytes | None:
    """The value of a key of a Secret or ConfigMap as the API sends it."""
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    if kind == "ConfigMap" and key in data:
        return data[key].encode()
    stored = data.get(key) if kind == "Secret" else binary.get(key)
    return None if stored is None else base64.b64decode(stored)


def _read_file(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunbookError(f"The file {path} can't be read: {error.strerror}.") from error
