# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is not ready yet of a workload's new revision, as clauses; none means complete. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..causes.container_issue import liveness_failed_at
from ..clients.cluster.pods import condition
from .autoscaler import KIND, autoscaler_of, autoscaler_text
from .fields import serving_containers, time_of
from .model import WaitOptions
from .snapshot import Snapshot, WorkloadView


def missing(view: WorkloadView, snapshot: Snapshot) -> list[str]:
    """What is not ready yet, by the controller's status and by the pods' own."""
    if not view.is_observed:
        return ["its controller has not observed the last change yet"]
    return [*_pods_missing(view, snapshot), *_controller_missing(view), *_pods_unready(view, snapshot)]


def min_ready_at(pod: dict, snapshot: Snapshot) -> datetime | None:
    """When the containers without a readiness probe will have run for long enough; None if all have a probe."""
    events = snapshot.events_of(pod)
    starts = [
        _served_at(spec, time_of(status["state"]["running"]["startedAt"]), events, snapshot.options)
        for spec, status, kind in serving_containers(pod)
        if "readinessProbe" not in spec and "running" in status.get("state", {})
    ]
    return max(starts, default=None)


def _served_at(spec: dict, started: datetime, events: list[dict], options: WaitOptions) -> datetime:
    """After min_ready_seconds, and with a liveness probe after its first period; if it fails then, after the kubelet would have killed it."""
    served = started + timedelta(seconds=options.min_ready_seconds)
    probe = spec.get("livenessProbe")
    if not probe:
        return served
    period = timedelta(seconds=probe.get("periodSeconds", 10))
    failed = liveness_failed_at(events, spec["name"])
    first = started + timedelta(seconds=probe.get("initialDelaySeconds", 0)) + period
    killed = failed + period * probe.get("failureThreshold", 3) if failed and failed >= started else started
    return max(served, first, killed)


def ready_count(pod: dict) -> tuple[int, int]:
    """Ready and all serving containers of a pod: (1, 2) is what kubectl shows as 1/2."""
    serving = serving_containers(pod)
    return sum(bool(status.get("ready")) for _spec, status, _kind in serving), len(serving)


def _pods_missing(view: WorkloadView, snapshot: Snapshot) -> list[str]:
    count = len(view.active)
    autoscaler = autoscaler_of(view.workload, snapshot.observation.of(KIND))
    scaled_by = f" ({autoscaler_text(autoscaler)})" if autoscaler else ""
    lines = [f"{count} of {view.desired} new pods exist{scaled_by}{_terminating_first(view)}"] if count != view.desired else []
    old = len(view.old_pods) - (view.partition if view.workload.kind == "StatefulSet" else 0)
    if old > 0:
        lines.append(f"{old} old {'pods are' if old > 1 else 'pod is'} pending termination")
    return lines


def _terminating_first(view: WorkloadView) -> str:
    """Which pods have to be gone before new ones are created, with what holds them."""
    recreate = (view.obj["spec"].get("strategy") or {}).get("type") == "Recreate" or view.workload.kind == "StatefulSet"
    if not recreate or not view.terminating:
        return ""
    metadata = view.terminating[0]["metadata"]
    finalizers = f", finalizers {', '.join(metadata['finalizers'])}" if metadata.get("finalizers") else ""
    return f" (after pod {metadata['name']} is gone, which is terminating since {metadata['deletionTimestamp']}{finalizers})"


def _open_gates(pod: dict) -> list[str]:
    """The readiness gates of a pod whose condition is not True."""
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or []]
    return [gate for gate in gates if condition(pod, gate).get("status") != "True"]


def _controller_missing(view: WorkloadView) -> list[str]:
    status = view.obj.get("status", {})
    if view.workload.kind == "DaemonSet":
        desired, updated, available = view.desired, status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    else:
        desired, updated, available = view.obj["spec"].get("replicas", 1), None, status.get("availableReplicas", 0)
    if view.workload.kind == "Deployment":
        updated = status.get("updatedReplicas", 0)
    lines = []
    if updated is not None and updated < desired:
        lines.append(f"{updated} of {desired} pods updated")
    if available < desired:
        seconds = view.obj["spec"].get("minReadySeconds", 0)
        waits = f" (minReadySeconds: {seconds} s after a pod is ready)" if seconds else ""
        lines.append(f"{available} of {desired} pods available{waits}")
    if view.workload.kind == "Deployment" and status.get("replicas", 0) > status.get("updatedReplicas", 0):
        lines.append("its status still counts old pods")
    return lines


def _pods_unready(view: WorkloadView, snapshot: Snapshot) -> list[str]:
    lines = []
    for pod in view.active:
        ready, total = ready_count(pod)
        at = min_ready_at(pod, snapshot)
        if ready < total:
            lines.append(f"pod {pod['metadata']['name']} is {ready}/{total} ready")
        elif gates := _open_gates(pod):
            lines.append(f"pod {pod['metadata']['name']} waits for its readiness gates {', '.join(gates)}")
        elif at and at > snapshot.now:
            lines.append(f"pod {pod['metadata']['name']} has no readiness probe and has only just started")
    return lines
