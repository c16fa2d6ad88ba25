# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An in-memory API server with resource versions, conflicts and permissions, for concurrent writers."""

from __future__ import annotations

import copy
import itertools
from datetime import datetime, timedelta, timezone

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError


class FakeCluster:
    """Objects by (kind, namespace, name). ``before_write`` is called once before the next write, to simulate another writer."""

    def __init__(self, forbidden=(), namespaces=("default",)):
        self.objects: dict[tuple, dict] = {}
        self.writes: list[tuple] = []
        self.forbidden = set(forbidden)  # (verb, kind)
        self.namespaces = set(namespaces)
        self.before_write = None
        self.clock_offset = timedelta()
        self._versions = itertools.count(1)

    def put(self, kind: str, name: str, body: dict, namespace: str = "default") -> None:
        """Stores an object as another client would."""
        stored = copy.deepcopy(body)
        stored.setdefault("metadata", {}).update(name=name, namespace=namespace, resourceVersion=str(next(self._versions)))
        self.objects[kind, namespace, name] = stored

    def now(self):
        return datetime.now(timezone.utc) + self.clock_offset

    def list(self, kind, namespace=None, **_selectors):
        self._allow("list", kind)
        return [copy.deepcopy(body) for key, body in self.objects.items() if key[:2] == (kind, namespace)]

    def get(self, kind, name, namespace=None):
        self._allow("get", kind)
        return copy.deepcopy(self.objects.get((kind, namespace, name)))

    def create(self, kind, body, namespace=None, **_options):
        self._allow("create", kind)
        self._interfere("create", kind, body["metadata"]["name"])
        key = (kind, namespace, body["metadata"]["name"])
        if namespace not in self.namespaces:
            raise ApiError(f'namespaces "{namespace}" not found', 404, "NotFound")
        if key in self.objects:
            raise ApiError("already exists", 409, "AlreadyExists")
        self.put(kind, key[2], body, namespace)
        return self._written("create", key)

    def replace(self, kind, name, body, namespace=None, **_options):
        return self._write("update", (kind, namespace, name), body, lambda _stored: body)

    def patch(self, kind, name, body, namespace=None, **_options):
        return self._write("patch", (kind, namespace, name), body, lambda stored: merge_patched(stored, body))

    def can(self, verb, kind, namespace=None, subresource=None, name=None):
        return (verb, kind) not in self.forbidden

    def _allow(self, verb, kind):
        if (verb, kind) in self.forbidden:
            raise ApiError(f"cannot {verb} {kind}", 403, "Forbidden")

    def _interfere(self, *what):
        hook, self.before_write = self.before_write, None
        if hook:
            hook(*what)

    def _write(self, verb, key, body, result):
        """Puts ``result`` of the stored object in its place, unless another client wrote since ``body`` was read."""
        kind, namespace, name = key
        self._allow(verb, kind)
        self._interfere(verb, kind, name)
        self._require_version(key, body)
        self.put(kind, name, result(self.objects[key]), namespace)
        return self._written(verb, key)

    def _require_version(self, key, body):
        if key not in self.objects:
            raise ApiError("not found", 404, "NotFound")
        version = body["metadata"].get("resourceVersion")
        if version and version != self.objects[key]["metadata"]["resourceVersion"]:
            raise ApiError("the object has been modified", 409, "Conflict")

    def _written(self, verb, key):
        self.writes.append((verb, key[0], key[2]))
        return copy.deepcopy(self.objects[key])


def merge_patched(target, patch):
    """A JSON merge patch (RFC 7386): null removes a key, mappings are merged, all else is replaced."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        merged[key] = merge_patched(merged.get(key), value)
    return {key: value for key, value in merged.items() if patch.get(key, key) is not None}
