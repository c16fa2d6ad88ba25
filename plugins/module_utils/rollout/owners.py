# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who owns which field of a workload (managedFields), so that nobody's field is taken unasked. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.restart import MANAGER as RESTART
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.restart import RESTARTED_AT

DEPLOY = "runbook-deploy"
STATUS = "status"
CHANGE_CAUSE = "kubernetes.io/change-cause"
UNDONE = "runbook.minikube/undone"  # "<object of the revision that was left> <object of the one that was restored>"
SERVED = "runbook.minikube/served"  # the object of the revision that was seen to serve last
NOTES = (RESTARTED_AT, CHANGE_CAUSE, UNDONE, SERVED)


def conflicts(before: dict, after: dict, managed: list[dict]) -> list[tuple[str, str]]:
    """(manager, field) for each field that differs and that somebody other than deploy owns. Both are objects with spec."""
    found = []
    for entry in managed or []:
        if entry.get("manager") not in (DEPLOY, RESTART) and entry.get("subresource") != STATUS:
            tree = {"f:spec": (entry.get("fieldsV1") or {}).get("f:spec", {})}
            found += [(entry.get("manager", "(no name)"), field) for field in _touched(tree, before, after, "")]
    return found


def applied_by_others(before: dict, after: dict, managed: list[dict]) -> list[tuple[str, str]]:
    """Those conflicts whose owner applies server-side: only an apply meets a conflict when its fields were changed meanwhile."""
    return conflicts(before, after, [entry for entry in managed or [] if entry.get("operation") == "Apply"])


def template_writer(managed: list[dict]) -> str:
    """The manager who changed the pod template last, "" where that is not recorded."""
    found = [entry for entry in managed or [] if "f:template" in (entry.get("fieldsV1") or {}).get("f:spec", {})]
    return max(found, key=lambda entry: entry.get("time") or "", default={}).get("manager", "")


def needs_adoption(managed: list[dict]) -> bool:
    """Whether deploy's manager owns fields by an update, with which its next apply would be in conflict."""
    return any(_is_update(entry) for entry in managed or [])


def adopted(managed: list[dict]) -> list[dict]:
    """managedFields in which what deploy's manager owns by an update is what it has applied.

    The time of a restart and the notes on revisions are nobody's then: the next apply, which does not name them, leaves them alone.
    """
    updates = [entry for entry in managed if _is_update(entry)]
    rest = [copy.deepcopy(entry) for entry in managed if not _is_update(entry)]
    own = next((entry for entry in rest if _is_ours(entry) and entry.get("operation") == "Apply"), None)
    if own is None:
        own = {**copy.deepcopy(updates[0]), "operation": "Apply", "fieldsV1": {}}
        rest.append(own)
    for entry in updates:
        own["fieldsV1"] = _union(own["fieldsV1"], _without_notes(entry["fieldsV1"]))
    return rest


def _is_ours(entry: dict) -> bool:
    return entry.get("manager") == DEPLOY and not entry.get("subresource")


def _is_update(entry: dict) -> bool:
    return _is_ours(entry) and entry.get("operation") == "Update"


def _union(one: dict, other: dict) -> dict:
    return {key: _union(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}


def _without_notes(tree: dict) -> dict:
    return {key: _without_notes(value) for key, value in tree.items() if key.removeprefix("f:") not in NOTES}


def _touched(tree: dict, before, after, path: str) -> Iterator[str]:
    """The fields of an ownership tree whose values differ between two objects."""
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
    """What a key of an ownership tree stands for: f: a field, k: a list's item by its keys, v: a set's value, i: an index."""
    kind, _colon, rest = key.partition(":")
    if value is None:
        return None
    if kind == "f":
        return value.get(rest)
    wanted = json.loads(rest)
    if kind == "k":
        return next((item for item in value if all(_key_of(item, name) == part for name, part in wanted.items())), None)
    if kind == "i":
        return value[wanted] if wanted < len(value) else None
    return wanted if wanted in value else None


def _key_of(item: dict, name: str):
    """An item's key; a port's protocol may be left out."""
    return item.get(name, "TCP" if name == "protocol" else None)


def _name(path: str, key: str) -> str:
    kind, _colon, rest = key.partition(":")
    if kind == "f":
        return f"{path}.{rest}" if path else rest
    wanted = json.loads(rest)
    return f"{path}[{', '.join(map(str, wanted.values())) if isinstance(wanted, dict) else wanted}]"
