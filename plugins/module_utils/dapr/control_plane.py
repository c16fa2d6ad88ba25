# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether Dapr's control plane serves, from its workloads. Pure."""

from __future__ import annotations


def lacking(wanted: list[tuple[str, str]], found: dict[tuple[str, str], dict]) -> list[str]:
    """What keeps the workloads (kind, name) from being rolled out and ready, as sentences. ``found``: objects by kind and name."""
    problems = []
    for kind, name in wanted:
        obj = found.get((kind, name))
        problem = "is not there" if obj is None else _problem(obj)
        if problem:
            problems.append(f"{kind} {name} {problem}")
    return problems


def _problem(obj: dict) -> str:
    status, replicas = obj.get("status") or {}, (obj.get("spec") or {}).get("replicas", 1)
    if status.get("observedGeneration", 0) < obj["metadata"]["generation"]:
        return "was changed, and its controller has not seen it yet"
    counts = {key: status.get(key) or 0 for key in ("replicas", "updatedReplicas", "readyReplicas")}
    if any(count != replicas for count in counts.values()):
        return f"has {counts['readyReplicas']} of {replicas} pods ready, {counts['updatedReplicas']} of the present revision, {counts['replicas']} in all"
    return ""
