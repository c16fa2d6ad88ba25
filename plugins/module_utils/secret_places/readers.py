# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a pod's containers read a key of a Secret or of a ConfigMap. Pure: a pod's spec in."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

ENVIRONMENT, FILE = "environment", "file"
# kind: the words of the API for it
WORDS = {
    "Secret": {"env": "secretKeyRef", "all": "secretRef", "volume": "secret", "name": "secretName"},
    "ConfigMap": {"env": "configMapKeyRef", "all": "configMapRef", "volume": "configMap", "name": "name"},
}


@dataclass(frozen=True, order=True)
class Reading:
    """One way in which a container gets the value. ``where``: the variable's name, or the file's path.

    ``fixed``: a running container keeps the value that it started with. ``known``: whether ``where`` is all that it takes to
    find it; a subPathExpr is put together only in the node.
    """

    container: str
    how: str
    where: str
    fixed: bool
    known: bool = True


def readings(spec: dict, kind: str, name: str, key: str) -> list[Reading]:
    """Every way in which the running containers of a pod read that key; init containers that have ended do not count."""
    sidecars = [item for item in spec.get("initContainers") or [] if item.get("restartPolicy") == "Always"]
    files = dict(_files(spec, kind, name, key))
    found: list[Reading] = []
    for container in [*sidecars, *(spec.get("containers") or [])]:
        found += _variables(container, WORDS[kind], name, key)
        found += _mounted(container, files)
    return found


def may_have(container: dict, variable: str) -> bool:
    """Whether a container's spec may give it that environment variable."""
    return bool(container.get("envFrom")) or any(entry["name"] == variable for entry in container.get("env") or [])


def _variables(container: dict, words: dict, name: str, key: str) -> Iterator[Reading]:
    entries = container.get("env") or []
    for entry in entries:
        source = (entry.get("valueFrom") or {}).get(words["env"]) or {}
        if source.get("name") == name and source.get("key") == key:
            yield Reading(container["name"], ENVIRONMENT, entry["name"], fixed=True)
    named = {entry["name"] for entry in entries}  # these win over envFrom
    for source in container.get("envFrom") or []:
        variable = f"{source.get('prefix') or ''}{key}"
        if (source.get(words["all"]) or {}).get("name") == name and variable not in named:
            yield Reading(container["name"], ENVIRONMENT, variable, fixed=True)


def _files(spec: dict, kind: str, name: str, key: str) -> Iterator[tuple[str, list[str]]]:
    """Each volume that holds the key, with the key's paths in it."""
    words = WORDS[kind]
    for volume in spec.get("volumes") or []:
        whole = volume.get(words["volume"])
        sources = [(whole, words["name"])] if whole else []
        projected = (volume.get("projected") or {}).get("sources") or []
        sources += [(source[words["volume"]], "name") for source in projected if source.get(words["volume"])]
        paths = [path for source, field in sources if source.get(field) == name for path in _paths(source, key)]
        if paths:
            yield volume["name"], paths


def _paths(source: dict, key: str) -> list[str]:
    items = source.get("items")
    return [key] if items is None else [item["path"] for item in items if item["key"] == key]


def _mounted(container: dict, files: dict[str, list[str]]) -> Iterator[Reading]:
    for mount in container.get("volumeMounts") or []:
        for path in files.get(mount["name"], []):
            if mount.get("subPathExpr"):
                yield Reading(container["name"], FILE, mount["mountPath"], fixed=True, known=False)
            elif not mount.get("subPath"):
                yield Reading(container["name"], FILE, posixpath.join(mount["mountPath"], path), fixed=False)
            else:
                yield from _below(container["name"], mount, path)


def _below(container: str, mount: dict, path: str) -> Iterator[Reading]:
    """A file mounted by a subPath, which is the file itself or a folder above it."""
    part = posixpath.normpath(mount["subPath"])
    if path == part:
        yield Reading(container, FILE, mount["mountPath"], fixed=True)
    elif path.startswith(part + "/"):
        yield Reading(container, FILE, posixpath.join(mount["mountPath"], path[len(part) + 1 :]), fixed=True)
