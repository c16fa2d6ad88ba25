# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workloads whose number of pods a HorizontalPodAutoscaler holds. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Workload

KIND = "HorizontalPodAutoscaler"


def scaler_of(workload: Workload, scalers: list[dict]) -> dict | None:
    """The autoscaler whose target is the workload, None where there is none."""
    wanted = {"kind": workload.kind, "name": workload.name}
    return next((item for item in scalers if {key: item["spec"]["scaleTargetRef"].get(key) for key in wanted} == wanted), None)


def bounds_of(scaler: dict) -> tuple[int, int]:
    """The fewest and the most pods that an autoscaler asks for."""
    return scaler["spec"].get("minReplicas", 1), scaler["spec"]["maxReplicas"]


def scaler_text(scaler: dict) -> str:
    """An autoscaler and its bounds, in words."""
    least, most = bounds_of(scaler)
    return f"{KIND} {scaler['metadata']['name']} holds it between {least} and {most} pods"


def refuse_scaled(workloads: tuple[Workload, ...], entries: list[dict], scalers: list[dict]) -> None:
    """Raises RunbookError where the option replicas asks for what an autoscaler would soon change back."""
    for index, (workload, entry) in enumerate(zip(workloads, entries)):
        scaler = scaler_of(workload, scalers)
        if scaler and entry.get("replicas") is not None and bounds_of(scaler) != (entry["replicas"], entry["replicas"]):
            name = scaler["metadata"]["name"]
            raise RunbookError(
                f"workloads[{index}].replicas: {scaler_text(scaler)}, so {workload} would not stay at {entry['replicas']}. Leave replicas "
                f"out, or set minReplicas and maxReplicas of {KIND} {name}. Nothing was changed."
            )
