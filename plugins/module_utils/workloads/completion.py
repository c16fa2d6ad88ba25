# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a workload still lacks until its new revision serves, as sentences; none means complete. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.autoscaler import KIND, scaler_of, scaler_text
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import serving_containers, time_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene, Subject


def missing(subject: Subject, scene: Scene) -> list[str]:
    """What is not yet as it shall be, from the controller's view and from the pods' own."""
    if not subject.is_seen:
        return ["its controller has not acted on the last change yet"]
    return [*_pods_missing(subject, scene), *_controller_missing(subject), *_pods_unready(subject, scene)]


def settles_at(pod: dict, options) -> datetime | None:
    """When a pod's containers without a readiness probe have run long enough to be believed; None where all have one."""
    starts = [
        time_of(status["state"]["running"]["startedAt"])
        for spec, status, kind in serving_containers(pod)
        if "readinessProbe" not in spec and "running" in status.get("state", {})
    ]
    return max(starts) + timedelta(seconds=options.settle) if starts else None


def ready_count(pod: dict) -> tuple[int, int]:
    """Ready and all serving containers of a pod: (1, 2) is what kubectl shows as 1/2."""
    serving = serving_containers(pod)
    return sum(bool(status.get("ready")) for _spec, status, _kind in serving), len(serving)


def _pods_missing(subject: Subject, scene: Scene) -> list[str]:
    found = len(subject.active)
    scaler = scaler_of(subject.workload, scene.observation.of(KIND))
    held = f" ({scaler_text(scaler)})" if scaler else ""
    lines = [f"{found} of {subject.desired} new pods exist{held}"] if found != subject.desired else []
    count = len(subject.old_pods) - (subject.partition if subject.workload.kind == "StatefulSet" else 0)
    if count > 0:
        lines.append(f"{count} old {'pods are' if count > 1 else 'pod is'} still there")
    return lines


def _controller_missing(subject: Subject) -> list[str]:
    status = subject.obj.get("status", {})
    if subject.workload.kind == "DaemonSet":
        wanted, updated, available = subject.desired, status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    else:
        wanted, updated, available = subject.obj["spec"].get("replicas", 1), None, status.get("availableReplicas", 0)
    if subject.workload.kind == "Deployment":
        updated = status.get("updatedReplicas", 0)
    lines = []
    if updated is not None and updated < wanted:
        lines.append(f"its controller counts {updated} of {wanted} pods as updated")
    if available < wanted:
        lines.append(f"its controller counts {available} of {wanted} pods as available")
    if subject.workload.kind == "Deployment" and status.get("replicas", 0) > status.get("updatedReplicas", 0):
        lines.append("its controller still counts old pods")
    return lines


def _pods_unready(subject: Subject, scene: Scene) -> list[str]:
    lines = []
    for pod in subject.active:
        ready, total = ready_count(pod)
        settled = settles_at(pod, scene.options)
        if ready < total:
            lines.append(f"pod {pod['metadata']['name']} is {ready}/{total} ready")
        elif settled and settled > scene.now:
            lines.append(f"pod {pod['metadata']['name']} has no readiness probe and has only just started")
    return lines
