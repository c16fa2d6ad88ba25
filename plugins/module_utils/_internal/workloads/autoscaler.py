# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workloads whose number of pods is managed by a HorizontalPodAutoscaler. Pure."""

from __future__ import annotations

from .model import Workload

KIND = "HorizontalPodAutoscaler"


def autoscaler_of(workload: Workload, autoscalers: list[dict]) -> dict | None:
    """The autoscaler whose target is the workload, None if there is none."""
    target = {"kind": workload.kind, "name": workload.name}
    return next((item for item in autoscalers if {key: item["spec"]["scaleTargetRef"].get(key) for key in target} == target), None)


def replica_bounds(autoscaler: dict) -> tuple[int, int]:
    """minReplicas and maxReplicas of an autoscaler."""
    return autoscaler["spec"].get("minReplicas", 1), autoscaler["spec"]["maxReplicas"]


def autoscaler_text(autoscaler: dict) -> str:
    """An autoscaler and its bounds, as a clause."""
    lowest, highest = replica_bounds(autoscaler)
    return f"{KIND} {autoscaler['metadata']['name']} keeps it between {lowest} and {highest} replicas"
