# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which revision of a workload served before, when its manifest may have been applied already by somebody else. Pure."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.runbook.minikube.plugins.module_utils.rollout.actions import Change
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import SERVED, UNDONE
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import Restart
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import Revision, current_of, revisions_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.completion import settles_at
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import condition, is_ready
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, Verdict, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.pods import sidecar_missing
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import POD_REVISION, Scene, Subject


def served_before(scene: Scene, verdict: Verdict) -> dict[Workload, str]:
    """For each workload that exists, the object that keeps the revision to go back to; "" where none is known to have served.

    It is the present one where that serves, or did until it was scaled, or where it is recorded as the last that did: then there is
    nothing to take back.
    Otherwise it is one whose pods still serve, the recorded one before others. Where no pod is left of it (update strategy
    Recreate, one replica of a StatefulSet) only the record tells.
    """
    found = {}
    for state in verdict.states:
        subject = scene.subject(state.workload)
        if subject:
            revisions = revisions_of(state.workload, subject.obj, scene.observation)
            found[state.workload] = _served(subject, revisions, scene, state.state == COMPLETE)
    return found


def recorded(obj: dict) -> str:
    """What the workload's annotation says of the revision that served last."""
    return (obj["metadata"].get("annotations") or {}).get(SERVED, "")


def remembering(plan: list, served: dict[Workload, str]) -> list:
    """The plan, whose changes also record, in the same write, what served before them."""
    return [_remembering(action, served.get(action.workload, "")) for action in plan]


def _served(subject: Subject, revisions: list[Revision], scene: Scene, is_complete: bool) -> str:
    current = current_of(subject.obj, revisions)
    if current and (is_complete or current.name in (recorded(subject.obj), _restored(subject.obj))):
        return current.name
    ready = {_label(subject, pod) for pod in (*subject.new_pods, *subject.old_pods, *subject.leaving) if is_ready(pod)}
    others = [revision for revision in revisions if revision is not current]
    serving = [revision.name for revision in others if revision.label in ready]
    if current and not serving and _is_only_scaled(subject, scene):
        return current.name
    if recorded(subject.obj) in serving or not serving:
        return next((revision.name for revision in others if revision.name == recorded(subject.obj)), "")
    return serving[-1]


def _is_only_scaled(subject: Subject, scene: Scene) -> bool:
    """Whether the present revision has replaced the former one, serves, and only lacks a pod at the moment.

    A pod that has just started tells nothing: one that crashes again and again is ready in between. A Deployment's controller keeps
    this reason until the pod template changes (syncRolloutStatus in its progress.go). One without the sidecar that it asks for is
    ready to Kubernetes alone.
    """
    serving = [pod for pod in subject.active if is_ready(pod) and not sidecar_missing(subject, pod)]
    settled = [pod for pod in serving if (settles_at(pod, scene.options) or scene.now) <= scene.now]
    if subject.workload.kind == "Deployment" and condition(subject.obj, "Progressing").get("reason") != "NewReplicaSetAvailable":
        return False
    return bool(settled) and not subject.old_pods


def _restored(obj: dict) -> str:
    """The revision that the last undo went back to, perhaps on a way back that was cut off."""
    return (obj["metadata"].get("annotations") or {}).get(UNDONE, "").partition(" ")[2]


def _label(subject: Subject, pod: dict) -> str:
    return (pod["metadata"].get("labels") or {}).get(POD_REVISION[subject.workload.kind], "")


def _remembering(action, name: str):
    if isinstance(action, Restart):
        return replace(action, served=name)
    if not isinstance(action, Change) or not name or action.annotations.get(SERVED) == name:
        return action
    return replace(action, annotations={**action.annotations, SERVED: name}, new_annotations=(*action.new_annotations, SERVED))
