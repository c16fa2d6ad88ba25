# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The status of a rollout: complete, progressing or failed, with the causes. Pure: an observation and a time in, a status out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ..causes.container import container_causes, unready_causes
from ..causes.controller import annotation_cause, creation_cause, deadline_cause, deleting_cause, paused_cause, replica_set_cause
from ..causes.pod import before_start_cause, ended_causes, eviction_cause, scheduling_cause, sidecar_missing, starting_cause
from ..clients.cluster.pods import is_active
from .model import COMPLETE, FAILED, PROGRESSING, Cause, Observation, RolloutStatus, WaitOptions, Workload, WorkloadStatus
from .readiness import min_ready_at, missing
from .snapshot import Snapshot, WorkloadView

CRASHES = ("crash", "killed_by_probe")


def evaluate(observation: Observation, now: datetime, options: WaitOptions) -> RolloutStatus:
    """The status of every workload of an observation. The rollout has failed if one has, and is complete if all are."""
    snapshot = Snapshot(observation, now, options)
    evaluated = [_evaluate_one(workload, snapshot) for workload in observation.workloads]
    statuses = tuple(_with_peer_grace(status, evaluated, snapshot) for status in evaluated)
    states = {status.state for status in statuses}
    state = FAILED if FAILED in states else PROGRESSING if PROGRESSING in states else COMPLETE
    return RolloutStatus(state, statuses, None if state != PROGRESSING else _recheck(statuses, snapshot))


def time_out(status: RolloutStatus, now: datetime) -> RolloutStatus:
    """The status after a timeout: suspected causes become the causes of the failure."""
    return RolloutStatus(FAILED, tuple(_timed_out(one, now) for one in status.workloads))


def _timed_out(status: WorkloadStatus, now: datetime) -> WorkloadStatus:
    if status.state != PROGRESSING:
        return status
    return replace(status, state=FAILED, causes=tuple(replace(cause, fatal_at=now) for cause in status.causes))


def _evaluate_one(workload: Workload, snapshot: Snapshot) -> WorkloadStatus:
    view = snapshot.view(workload)
    if view is None:
        return _not_found(workload, snapshot)
    blocking = deleting_cause(view) or annotation_cause(view)
    causes = [blocking] if blocking else _missing_sidecars(view)
    not_ready = missing(view, snapshot)
    if not causes and not not_ready:
        return WorkloadStatus(workload, COMPLETE, note=_note(view))
    suspected = causes + _causes(view, snapshot)
    certain = [cause for cause in suspected if cause.fatal_at and cause.fatal_at <= snapshot.now]
    if not certain:
        return WorkloadStatus(workload, PROGRESSING, tuple(not_ready), tuple(merge_causes(suspected)))
    if any(cause.category == "progress_deadline" for cause in certain):
        certain = suspected
    return WorkloadStatus(workload, FAILED, tuple(not_ready), tuple(merge_causes(certain)))


def _with_peer_grace(status: WorkloadStatus, peers: list[WorkloadStatus], snapshot: Snapshot) -> WorkloadStatus:
    """An application may crash until another one is available, so a crash has unreachable_timeout while others are progressing."""
    if status.state != FAILED or any(cause.category not in CRASHES for cause in status.causes):
        return status
    if all(peer.state != PROGRESSING for peer in peers):
        return status
    timeout = timedelta(seconds=snapshot.options.unreachable_timeout)
    causes = tuple(replace(cause, fatal_at=max(cause.fatal_at or snapshot.now, (cause.since or snapshot.now) + timeout)) for cause in status.causes)
    certain = any(cause.fatal_at and cause.fatal_at <= snapshot.now for cause in causes)
    return status if certain else replace(status, state=PROGRESSING, causes=causes)


def _not_found(workload: Workload, snapshot: Snapshot) -> WorkloadStatus:
    if (workload.kind, workload.name) in snapshot.observation.deleted:
        reason, summary, hint = "Deleted", "was deleted during the wait", "Find out who deleted it, and apply it again."
    else:
        reason, summary, hint = "NotFound", "does not exist", "Check the options workloads and namespace, or apply its manifest first."
    cause = Cause(
        workload=str(workload), reason=reason, category="workload_not_found", summary=summary, hint=hint,
        since=snapshot.now, fatal_at=snapshot.now,
    )
    return WorkloadStatus(workload, FAILED, causes=(cause,))


def _note(view: WorkloadView) -> str:
    if view.desired == 0 and view.workload.kind == "DaemonSet":
        return f"{view.workload} selects no node, so it has no pods."
    return f"{view.workload} is scaled to zero, so it has no pods." if view.desired == 0 else ""


def _missing_sidecars(view: WorkloadView) -> list[Cause]:
    if not view.is_observed:
        return []
    return [cause for pod in view.active if (cause := sidecar_missing(view, pod))]


def _causes(view: WorkloadView, snapshot: Snapshot) -> list[Cause]:
    """All certain and suspected causes, most specific first.

    Until the controller has observed the last change, pods and conditions are those of the previous revision.
    """
    causes = list(filter(None, [paused_cause(view), replica_set_cause(view, snapshot)]))
    if not view.is_observed:
        return causes
    causes += filter(None, [eviction_cause(view, snapshot)])
    for pod in view.active:
        causes += pod_causes(view, pod, snapshot)
    causes += ended_causes(view, snapshot)
    causes += _blocking_pods(view, snapshot)
    return [*causes, *filter(None, [creation_cause(view, snapshot), deadline_cause(view)])]


def pod_causes(view: WorkloadView, pod: dict, snapshot: Snapshot) -> list[Cause]:
    """Why one pod is not ready, certain and suspected causes, most specific first."""
    before = scheduling_cause(view, pod, snapshot) or before_start_cause(view, pod, snapshot)
    if before:
        return [before]
    workload = str(view.workload)
    causes = container_causes(workload, pod, snapshot) or unready_causes(workload, pod, snapshot)
    return causes or list(filter(None, [starting_cause(view, pod, snapshot)]))


def _blocking_pods(view: WorkloadView, snapshot: Snapshot) -> list[Cause]:
    """Old pods that a StatefulSet's controller waits for before it continues; other controllers don't wait for old pods."""
    in_order = view.workload.kind == "StatefulSet" and view.obj["spec"].get("podManagementPolicy") != "Parallel"
    if not in_order:
        return []
    hint = "It is a pod of the previous revision, and the StatefulSet controller replaces no pod until it is ready: delete the pod. "
    causes = [cause for pod in view.old_pods if is_active(pod) for cause in pod_causes(view, pod, snapshot)]
    return [replace(cause, hint=hint + cause.hint, blocks_rollout=True) for cause in causes]


def merge_causes(causes: list[Cause]) -> list[Cause]:
    """One cause for all pods of a workload that have the same."""
    merged: dict[tuple, Cause] = {}
    for cause in causes:
        key = (cause.workload, cause.container, cause.category, cause.reason.partition(",")[0])
        same = merged.get(key)
        merged[key] = replace(same, pods=same.pods + 1) if same else cause
    return list(merged.values())


def _recheck(statuses: tuple[WorkloadStatus, ...], snapshot: Snapshot) -> float | None:
    """Seconds until the next timeout of a cause, or until a pod has run for min_ready_seconds."""
    moments: list[datetime | None] = [cause.fatal_at for status in statuses for cause in status.causes]
    for status in statuses:
        view = snapshot.view(status.workload) if status.state == PROGRESSING else None
        moments += [min_ready_at(pod, snapshot) for pod in view.active] if view else []
    ahead = [(moment - snapshot.now).total_seconds() for moment in moments if moment and moment > snapshot.now]
    return min(ahead, default=None)
