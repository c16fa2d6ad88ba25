# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The consumers of a Secret's or ConfigMap's key: which containers of a pod read it, and how. Pure: a pod's spec in."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

ENVIRONMENT, FILE = "environment", "file"
# The API's field names by kind.
FIELDS = {
    "Secret": {"env": "secretKeyRef", "all": "secretRef", "volume": "secret", "name": "secretName"},
    "ConfigMap": {"env": "configMapKeyRef", "all": "configMapRef", "volume": "configMap", "name": "name"},
}


@dataclass(frozen=True, order=True)
class Consumer:
    """One way in which a container gets the value. ``path``: the variable's name, or the file's path.

    ``needs_restart``: a running container keeps the value that it started with. ``path_known``: False for a subPathExpr, which only
    the kubelet expands.
    """

    container: str
    source_type: str
    path: str
    needs_restart: bool
    path_known: bool = True


def consumers_of(spec: dict, kind: str, name: str, key: str) -> list[Consumer]:
    """Every way in which the running containers of a pod read that key; completed init containers do not count."""
    sidecars = [item for item in spec.get("initContainers") or [] if item.get("restartPolicy") == "Always"]
    files = dict(_files(spec, kind, name, key))
    consumers: list[Consumer] = []
    for container in [*sidecars, *(spec.get("containers") or [])]:
        consumers += _variables(container, FIELDS[kind], name, key)
        consumers += _mounted(container, files)
    return consumers


def may_define(container: dict, variable: str) -> bool:
    """Whether a container's spec may define that environment variable."""
    prefixes = [source.get("prefix") or "" for source in container.get("envFrom") or []]
    return any(map(variable.startswith, prefixes)) or any(entry["name"] == variable for entry in container.get("env") or [])


def _variables(container: dict, fields: dict, name: str, key: str) -> Iterator[Consumer]:
    entries = container.get("env") or []
    for entry in entries:
        source = (entry.get("valueFrom") or {}).get(fields["env"]) or {}
        if source.get("name") == name and source.get("key") == key:
            yield Consumer(container["name"], ENVIRONMENT, entry["name"], needs_restart=True)
    named = {entry["name"] for entry in entries}  # these take precedence over envFrom
    for source in container.get("envFrom") or []:
        variable = f"{source.get('prefix') or ''}{key}"
        if (source.get(fields["all"]) or {}).get("name") == name and variable not in named:
            yield Consumer(container["name"], ENVIRONMENT, variable, needs_restart=True)


def _files(spec: dict, kind: str, name: str, key: str) -> Iterator[tuple[str, list[str]]]:
    """Each volume with the key, and the key's paths in it."""
    fields = FIELDS[kind]
    for volume in spec.get("volumes") or []:
        whole = volume.get(fields["volume"])
        sources = [(whole, fields["name"])] if whole else []
        projected = (volume.get("projected") or {}).get("sources") or []
        sources += [(source[fields["volume"]], "name") for source in projected if source.get(fields["volume"])]
        paths = [path for source, field in sources if source.get(field) == name for path in _paths(source, key)]
        if paths:
            yield volume["name"], paths


def _paths(source: dict, key: str) -> list[str]:
    items = source.get("items")
    return [key] if items is None else [item["path"] for item in items if item["key"] == key]


def _mounted(container: dict, files: dict[str, list[str]]) -> Iterator[Consumer]:
    for mount in container.get("volumeMounts") or []:
        for path in files.get(mount["name"], []):
            if mount.get("subPathExpr"):
                yield Consumer(container["name"], FILE, mount["mountPath"], needs_restart=True, path_known=False)
            elif not mount.get("subPath"):
                yield Consumer(container["name"], FILE, posixpath.join(mount["mountPath"], path), needs_restart=False)
            else:
                yield from _sub_path(container["name"], mount, path)


def _sub_path(container: str, mount: dict, path: str) -> Iterator[Consumer]:
    """A file mounted by a subPath, which is the file itself or a parent folder."""
    part = posixpath.normpath(mount["subPath"])
    if path == part:
        yield Consumer(container, FILE, mount["mountPath"], needs_restart=True)
    elif path.startswith(part + "/"):
        yield Consumer(container, FILE, posixpath.join(mount["mountPath"], path[len(part) + 1 :]), needs_restart=True)
