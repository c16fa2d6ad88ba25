# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Field managers of this collection, and who owns which field of a workload (managedFields). Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

DEPLOY = "runbook-deploy"  # what applies the manifests, and changes the pod template
ROLLOUT = "runbook-rollout"  # restarts and annotations: a manager of its own, so that the next deploy leaves them alone
NETWORK = "runbook-network"  # the entry NODE_OPTIONS of a container: the next deploy leaves it, and a rollback keeps it
STATUS = "status"

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
CHANGE_CAUSE = "kubernetes.io/change-cause"
ROLLED_BACK = "runbook.minikube/undone"  # "<object of the revision rolled back from> <object of the revision rolled back to>"
LAST_GOOD_REVISION = "runbook.minikube/served"  # the object of the last revision that was complete
OWN_ANNOTATIONS = (RESTARTED_AT, CHANGE_CAUSE, ROLLED_BACK, LAST_GOOD_REVISION)


def conflicts(before: dict, after: dict, managed: list[dict]) -> list[tuple[str, str]]:
    """(manager, field) for each field of the spec that differs between two objects and that another manager owns."""
    conflicting = []
    for entry in managed or []:
        if entry.get("manager") not in (DEPLOY, ROLLOUT) and entry.get("subresource") != STATUS:
            tree = {"f:spec": (entry.get("fieldsV1") or {}).get("f:spec", {})}
            conflicting += [(entry.get("manager", "(no name)"), field) for field in _touched(tree, before, after, "")]
    # A container that is removed takes the entry of its environment with it: nothing is left to apply.
    return [(manager, field) for manager, field in conflicting if manager != NETWORK or ".env[" in field]


def applied_by_others(before: dict, after: dict, managed: list[dict]) -> list[tuple[str, str]]:
    """The conflicts whose manager applies server-side: its next apply would fail on fields that were changed in the meantime."""
    return conflicts(before, after, [entry for entry in managed or [] if entry.get("operation") == "Apply"])


def env_owners(managed: list[dict], container: str, variable: str) -> set[str]:
    """The managers of an entry of a container's environment, as ``env`` of a workload's pod template has it."""
    path = ("f:spec", "f:template", "f:spec", "f:containers", _item(container), "f:env", _item(variable))
    return {entry.get("manager", "") for entry in managed or [] if _has(entry.get("fieldsV1") or {}, path)}


def owned_env(managed: list[dict], manager: str) -> set[tuple[str, str]]:
    """(container, variable) of the entries that a manager owns in a workload's pod template."""
    return {
        (json.loads(container[2:])["name"], json.loads(variable[2:])["name"])
        for entry in managed or [] if entry.get("manager") == manager
        for container, fields in _below(entry.get("fieldsV1") or {}, ("f:spec", "f:template", "f:spec", "f:containers")).items()
        for variable in fields.get("f:env", {}) if container.startswith("k:") and variable.startswith("k:")
    }


def template_writer(managed: list[dict]) -> str:
    """The manager that changed the pod template last, "" if that is not recorded."""
    writers = [entry for entry in managed or [] if "f:template" in (entry.get("fieldsV1") or {}).get("f:spec", {})]
    return max(writers, key=lambda entry: entry.get("time") or "", default={}).get("manager", "")


def needs_migration(managed: list[dict]) -> bool:
    """Whether runbook-deploy owns fields by Update, which would conflict with its own next Apply."""
    return any(_is_update(entry) for entry in managed or [])


def migrate_managed_fields(managed: list[dict]) -> list[dict]:
    """managedFields in which runbook-deploy's fields of Update have become fields of its Apply (as client-go's csaupgrade does).

    The collection's own annotations then have no manager: the next apply, which does not contain them, leaves them alone.
    """
    updates = [entry for entry in managed if _is_update(entry)]
    rest = [copy.deepcopy(entry) for entry in managed if not _is_update(entry)]
    own = next((entry for entry in rest if _is_ours(entry) and entry.get("operation") == "Apply"), None)
    if own is None:
        own = {**copy.deepcopy(updates[0]), "operation": "Apply", "fieldsV1": {}}
        rest.append(own)
    for entry in updates:
        own["fieldsV1"] = _union(own["fieldsV1"], _without_own_annotations(entry["fieldsV1"]))
    return rest


def _item(name: str) -> str:
    return "k:" + json.dumps({"name": name}, separators=(",", ":"))


def _below(tree: dict, path: tuple[str, ...]) -> dict:
    for key in path:
        tree = tree.get(key) or {}
    return tree


def _has(tree: dict, path: tuple[str, ...]) -> bool:
    return path[-1] in _below(tree, path[:-1])


def _is_ours(entry: dict) -> bool:
    return entry.get("manager") == DEPLOY and not entry.get("subresource")


def _is_update(entry: dict) -> bool:
    return _is_ours(entry) and entry.get("operation") == "Update"


def _union(one: dict, other: dict) -> dict:
    return {key: _union(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}


def _without_own_annotations(tree: dict) -> dict:
    return {key: _without_own_annotations(value) for key, value in tree.items() if key.removeprefix("f:") not in OWN_ANNOTATIONS}


def _touched(tree: dict, before, after, path: str) -> Iterator[str]:
    """The fields of a fieldsV1 tree whose values differ between two objects."""
    for key, below in tree.items():
        if key == ".":
            continue
        old, new, name = _member(before, key), _member(after, key), _name(path, key)
        if old == new:
            continue
        if not set(below) - {"."} or new is None:
            yield name
        else:
            yield from _touched(below, old, new, name)


def _member(value, key: str):
    """The value under a key of fieldsV1: f: a field, k: an item of a list by its keys, v: a value of a set, i: an index."""
    kind, _colon, rest = key.partition(":")
    if value is None:
        return None
    if kind == "f":
        return value.get(rest)
    expected = json.loads(rest)
    if kind == "k":
        return next((item for item in value if all(_key_of(item, name) == part for name, part in expected.items())), None)
    if kind == "i":
        return value[expected] if expected < len(value) else None
    return expected if expected in value else None


def _key_of(item: dict, name: str):
    """An item's key; a port's protocol may be left out."""
    return item.get(name, "TCP" if name == "protocol" else None)


def _name(path: str, key: str) -> str:
    kind, _colon, rest = key.partition(":")
    if kind == "f":
        return f"{path}.{rest}" if path else rest
    expected = json.loads(rest)
    return f"{path}[{', '.join(map(str, expected.values())) if isinstance(expected, dict) else expected}]"
