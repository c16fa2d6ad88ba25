# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the workloads of Dapr's control plane are ready, for dapr_info."""

from __future__ import annotations

from ..clients.cluster.client import Cluster


def observe_readiness(cluster: Cluster, namespace: str, workloads: list[dict]) -> list[str]:
    """Why the workloads {kind, name} are not ready, as sentences: one list call for each kind."""
    expected = [(entry["kind"], entry["name"]) for entry in workloads]
    kinds = dict.fromkeys(kind for kind, _name in expected)
    observed = {(kind, obj["metadata"]["name"]): obj for kind in kinds for obj in cluster.list(kind, namespace)}
    return readiness_problems(expected, observed)


def readiness_problems(expected: list[tuple[str, str]], observed: dict[tuple[str, str], dict]) -> list[str]:
    """Why the workloads (kind, name) are not rolled out and ready, as sentences. ``observed``: objects by kind and name. Pure."""
    problems = []
    for kind, name in expected:
        obj = observed.get((kind, name))
        problem = "does not exist" if obj is None else _problem(obj)
        if problem:
            problems.append(f"{kind} {name} {problem}")
    return problems


def _problem(obj: dict) -> str:
    status, replicas = obj.get("status") or {}, (obj.get("spec") or {}).get("replicas", 1)
    if status.get("observedGeneration", 0) < obj["metadata"]["generation"]:
        return "was changed, and its controller has not observed the change yet"
    counts = {key: status.get(key) or 0 for key in ("replicas", "updatedReplicas", "readyReplicas")}
    if any(count != replicas for count in counts.values()):
        return f"has {counts['readyReplicas']} of {replicas} pods ready, {counts['updatedReplicas']} updated, {counts['replicas']} in total"
    return ""
