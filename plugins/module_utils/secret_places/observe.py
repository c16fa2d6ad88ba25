# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds the values that stand in places: keys of Secrets and ConfigMaps, running containers, files, and given ones.

Reads in bulk: one list call a kind and namespace, or single objects where one is wanted or listing is not allowed.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.pods import Pods
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.readers import ENVIRONMENT
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.running import Asked, look

OBJECTS = {"secret": "Secret", "config_map": "ConfigMap"}


@dataclass(frozen=True)
class Found:
    """What stands in a place. ``index``: which entry of the option it belongs to; ``unknown``: why the value is not known.

    ``asked`` is set for a running container.
    """

    index: int
    label: str
    value: bytes | None = field(default=None, repr=False)
    unknown: str = ""
    asked: Asked | None = None


def observe(cluster: Cluster, namespace: str, places: list[dict], option: str = "places[{}]") -> list[Found]:
    """Every place's values, in the order of the option; ``namespace`` is that of places without one.

    ``option`` is how messages name an entry, with {} for its number.

    Raises RunbookError where something can't be read that a person has to see to: no permission, no such workload or file.
    """
    places = [{**place, "namespace": place.get("namespace") or namespace} for place in places]
    objects = _objects(cluster, places)
    found, questions, pods = [], [], Pods(cluster)
    for index, place in enumerate(places):
        where = option.format(index)
        kind = next((kind for option, kind in OBJECTS.items() if place.get(option)), None)
        if kind:
            found.append(_key(index, place, kind, objects))
        elif place.get("file"):
            found.append(Found(index, f"file {place['file']}", _file(place["file"])))
        elif place.get("value") is not None:
            found.append(Found(index, f"the value given in {where}", place["value"].encode()))
        questions += [(index, asked) for asked in _questions(pods, where, place, kind)]
    seen = look(cluster, sorted({asked for _index, asked in questions}, key=str)) if questions else {}
    found += [Found(index, label_of(asked), seen[asked].value, seen[asked].unknown, asked) for index, asked in questions]
    return sorted(_without_idle(places, found), key=lambda one: one.index)


def label_of(asked: Asked) -> str:
    """A running container's place in words."""
    what = "variable" if asked.reading.how == ENVIRONMENT else "file"
    return f"pod {asked.namespace}/{asked.pod}, container {asked.reading.container}, {what} {asked.reading.where}"


def _questions(pods: Pods, where: str, place: dict, kind: str | None) -> list[Asked]:
    if place.get("workload"):
        return pods.with_variable(where, place["workload"], place["namespace"], place.get("container"), place["env"])
    if kind and place.get("readers"):
        return pods.reading(kind, place["namespace"], place[kind_option(kind)], place["key"])
    return []


def kind_option(kind: str) -> str:
    """The option that names an object of that kind."""
    return next(option for option, known in OBJECTS.items() if known == kind)


def _without_idle(places: list[dict], found: list[Found]) -> list[Found]:
    """Leaves out containers of a workload that were asked only because they might have the variable, where others have it."""
    having = {one.index for one in found if one.asked and (one.value is not None or one.unknown)}

    def idle(one: Found) -> bool:
        return bool(one.asked and places[one.index].get("workload") and one.value is None and not one.unknown and not one.asked.declared)

    return [one for one in found if not (idle(one) and one.index in having)]


def _objects(cluster: Cluster, places: list[dict]) -> dict[tuple[str, str, str], dict]:
    """The wanted objects that exist, by kind, namespace and name."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for place in places:
        for option, kind in OBJECTS.items():
            if place.get(option):
                wanted.setdefault((kind, place["namespace"]), set()).add(place[option])
    read = {}
    for (kind, namespace), names in sorted(wanted.items()):
        read.update({(kind, namespace, obj["metadata"]["name"]): obj for obj in _read(cluster, kind, namespace, names)})
    return read


def _read(cluster: Cluster, kind: str, namespace: str, names: set[str]) -> list[dict]:
    if len(names) > 1:
        try:
            return [obj for obj in cluster.list(kind, namespace) if obj["metadata"]["name"] in names]
        except ApiError as error:
            if error.status != 403:
                raise
    return list(filter(None, (_one(cluster, kind, namespace, name) for name in sorted(names))))


def _one(cluster: Cluster, kind: str, namespace: str, name: str) -> dict | None:
    plural = f"{kind.lower()}s"
    try:
        return cluster.get(kind, name, namespace)
    except ApiError as error:
        if error.status != 403:
            raise
        raise RunbookError(
            f"This user may not get {plural}/{name} in namespace {namespace}. Allow get (or list) on {plural} there.",
            missing_permissions=[f"get {plural}/{name}"],
        ) from error


def _key(index: int, place: dict, kind: str, objects: dict) -> Found:
    name, key = place[kind_option(kind)], place["key"]
    label = f"{kind} {place['namespace']}/{name}, key {key}"
    obj = objects.get((kind, place["namespace"], name)) or {}
    try:
        return Found(index, label, value_in(obj, kind, key))
    except binascii.Error:
        return Found(index, label, unknown="what is stored there is no base64")


def value_in(obj: dict, kind: str, key: str) -> bytes | None:
    """The value of a key of a Secret or ConfigMap as the API sends it."""
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    if kind == "ConfigMap" and key in data:
        return data[key].encode()
    stored = data.get(key) if kind == "Secret" else binary.get(key)
    return None if stored is None else base64.b64decode(stored)


def _file(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunbookError(f"The file {path} can't be read: {error.strerror}.") from error
