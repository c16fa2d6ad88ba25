# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An API server in memory, with what matters for two writers at once: resource versions, conflicts, and permissions."""

from __future__ import annotations

import copy
import itertools

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError


class FakeCluster:
    """Holds objects by (kind, namespace, name). ``before_write`` is called before each write, to let another writer in."""

    def __init__(self, forbidden=(), namespaces=("default",)):
        self.objects: dict[tuple, dict] = {}
        self.writes: list[tuple] = []
        self.forbidden = set(forbidden)  # (verb, kind)
        self.namespaces = set(namespaces)
        self.before_write = None
        self._versions = itertools.count(1)

    def put(self, kind: str, name: str, body: dict, namespace: str = "default") -> None:
        """Stores an object as somebody else would."""
        stored = copy.deepcopy(body)
        stored.setdefault("metadata", {}).update(name=name, namespace=namespace, resourceVersion=str(next(self._versions)))
        self.objects[kind, namespace, name] = stored

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
        self._allow("update", kind)
        self._interfere("update", kind, name)
        key = (kind, namespace, name)
        self._same_version(key, body)
        self.put(kind, name, body, namespace)
        return self._written("update", key)

    def patch(self, kind, name, body, namespace=None, **_options):
        self._allow("patch", kind)
        self._interfere("patch", kind, name)
        key = (kind, namespace, name)
        self._same_version(key, body)
        self.put(kind, name, merge_patched(self.objects[key], body), namespace)
        return self._written("patch", key)

    def can(self, verb, kind, namespace=None, subresource=None, name=None):
        return (verb, kind) not in self.forbidden

    def _allow(self, verb, kind):
        if (verb, kind) in self.forbidden:
            raise ApiError(f"cannot {verb} {kind}", 403, "Forbidden")

    def _interfere(self, *what):
        hook, self.before_write = self.before_write, None
        if hook:
            hook(*what)

    def _same_version(self, key, body):
        if key not in self.objects:
            raise ApiError("not found", 404, "NotFound")
        version = body["metadata"].get("resourceVersion")
        if version and version != self.objects[key]["metadata"]["resourceVersion"]:
            raise ApiError("the object has been modified", 409, "Conflict")

    def _written(self, verb, key):
        self.writes.append((verb, key[0], key[2]))
        return copy.deepcopy(self.objects[key])


def merge_patched(target, patch):
    """A JSON merge patch as RFC 7386 has it: null removes, mappings go down, all else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        merged[key] = merge_patched(merged.get(key), value)
    return {key: value for key, value in merged.items() if patch.get(key, key) is not None}
