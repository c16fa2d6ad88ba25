# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last good revision of a workload, even if another manifest was applied already. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..causes.pod import sidecar_missing
from ..clients.cluster.field_managers import LAST_GOOD_REVISION
from ..clients.cluster.pods import condition, is_ready
from ..workloads.model import COMPLETE, RolloutStatus, Workload
from ..workloads.readiness import min_ready_at
from ..workloads.snapshot import REVISION_LABELS, Snapshot, WorkloadView
from .actions import Action, Restart, SpecChange
from .revisions import Revision, current_of, is_restored, revisions_of


def last_good_revisions(snapshot: Snapshot, status: RolloutStatus) -> dict[Workload, str]:
    """For each workload that exists, the object that stores the revision to roll back to; "" if none is known to have been complete.

    It is the current one if that is complete, or was until the workload was scaled, or is recorded as the last good one: then nothing
    is rolled back. Otherwise it is a revision that still has ready pods, preferably the recorded one. A revision without pods
    (update strategy Recreate, one replica of a StatefulSet) is known only by the record.
    """
    result = {}
    for one in status.workloads:
        view = snapshot.view(one.workload)
        if view:
            revisions = revisions_of(one.workload, view.obj, snapshot.observation)
            result[one.workload] = _last_good(view, revisions, snapshot, one.state == COMPLETE)
    return result


def recorded_last_good(obj: dict) -> str:
    """The last good revision by the workload's annotation."""
    return (obj["metadata"].get("annotations") or {}).get(LAST_GOOD_REVISION, "")


def with_last_good_annotation(actions: list[Action], last_good: dict[Workload, str]) -> list[Action]:
    """The actions, which record the last good revision in the same write as the change."""
    return [_with_annotation(action, last_good.get(action.workload, "")) for action in actions]


def _last_good(view: WorkloadView, revisions: list[Revision], snapshot: Snapshot, is_complete: bool) -> str:
    current, recorded = current_of(view.obj, revisions), recorded_last_good(view.obj)
    if current and (is_complete or current.name == recorded or is_restored(view.obj, revisions)):
        return current.name
    ready = {_label(view, pod) for pod in (*view.new_pods, *view.old_pods, *view.terminating) if is_ready(pod)}
    others = [revision for revision in revisions if revision is not current]
    serving = [revision.name for revision in others if revision.label in ready]
    if current and not serving and _is_only_scaled(view, snapshot):
        return current.name
    if recorded in serving or not serving:
        return next((revision.name for revision in others if revision.name == recorded), "")
    return serving[-1]


def _is_only_scaled(view: WorkloadView, snapshot: Snapshot) -> bool:
    """Whether the current revision has replaced the previous one, has a ready pod, and only lacks a pod at the moment.

    A pod that has just started proves nothing: one that keeps crashing is ready in between. A Deployment's controller keeps the reason
    NewReplicaSetAvailable until the pod template changes (syncRolloutStatus in its progress.go). A pod without the sidecar that it
    should have is ready by Kubernetes' status only.
    """
    serving = [pod for pod in view.active if is_ready(pod) and not sidecar_missing(view, pod)]
    settled = [pod for pod in serving if (min_ready_at(pod, snapshot) or snapshot.now) <= snapshot.now]
    if view.workload.kind == "Deployment" and condition(view.obj, "Progressing").get("reason") != "NewReplicaSetAvailable":
        return False
    return bool(settled) and not view.old_pods


def _label(view: WorkloadView, pod: dict) -> str:
    return (pod["metadata"].get("labels") or {}).get(REVISION_LABELS[view.workload.kind], "")


def _with_annotation(action: Action, name: str) -> Action:
    if isinstance(action, Restart):
        return replace(action, last_good=name)
    if not isinstance(action, SpecChange) or not name or action.annotations.get(LAST_GOOD_REVISION) == name:
        return action
    annotations = {**action.annotations, LAST_GOOD_REVISION: name}
    return replace(action, annotations=annotations, new_annotations=(*action.new_annotations, LAST_GOOD_REVISION))
