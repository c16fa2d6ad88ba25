# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Entries of a pod template that a rollback keeps, as they belong to the cluster's network and not to the application's version. Pure."""

from __future__ import annotations

import copy

from ..clients.cluster.field_managers import NETWORK, owned_env
from ..workloads.node_options import VARIABLE, other_flags


def with_kept_entries(template: dict, obj: dict) -> dict:
    """An older pod template with NODE_OPTIONS of the workload ``obj``, where runbook-network applied it.

    An entry of the older template stays if it has other flags than the current one: a rollback then reports the conflict and loses none.
    """
    kept = owned_env(obj["metadata"].get("managedFields"), NETWORK)
    current = {item["name"]: item for item in obj["spec"]["template"]["spec"]["containers"]}
    result = copy.deepcopy(template) if kept else template
    for container in result["spec"]["containers"] if kept else []:
        if (container["name"], VARIABLE) in kept and container["name"] in current:
            _keep(container, current[container["name"]].get("env") or [])
    return result


def _keep(container: dict, current: list[dict]) -> None:
    """At the place that the entry has among the current ones, so that two equal templates stay equal."""
    names = [entry["name"] for entry in current]
    entries = container.get("env") or []
    older = next((entry for entry in entries if entry["name"] == VARIABLE), None)
    if VARIABLE not in names or (older and _is_lossy(older, current[names.index(VARIABLE)])):
        return
    rest = [entry for entry in entries if entry is not older]
    later = set(names[names.index(VARIABLE) + 1 :])
    index = next((number for number, entry in enumerate(rest) if entry["name"] in later), len(rest))
    container["env"] = [*rest[:index], copy.deepcopy(current[names.index(VARIABLE)]), *rest[index:]]


def _is_lossy(older: dict, current: dict) -> bool:
    """Whether the older entry has something that the current one has not."""
    return "valueFrom" in older or not set(other_flags(older.get("value", ""))) <= set(other_flags(current.get("value", "")))
