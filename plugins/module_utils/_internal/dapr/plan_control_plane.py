# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans the recovery of a control plane component that is not ready. Pure."""

from __future__ import annotations

import re

from ..causes.container_issue import issue_of
from ..causes.rules import PROGRESSING
from ..clients.cluster.pods import is_active
from ..workloads.fields import containers_of
from ..workloads.model import Cause
from .actions import RECREATE_POD, RESTART_COMPONENT, RESTORE, SCALE, Problem, RecoveryAction
from .components import INJECTOR, SCHEDULER, ControlPlaneComponent
from .crash_log import last_error
from .injection import INJECTED
from .model import ComponentState, DaprState
from .release_diff import summary
from .trace import did_not_help

# Categories of causes that a new pod fixes: a name conflict, a timeout of the runtime, a back-off that outlives its reason.
# All others are in the pod's spec or outside of Kubernetes.
FIXED_BY_NEW_POD = (
    "name_conflict", "runtime_slow", "create_failed", "start_failed", "runtime_stuck", "sandbox", "crash", "exits_immediately",
    "killed_by_probe", "probe_fails", "evicted", "node_shutdown", "pod_rejected",
)
# Dependencies of a pod that exist again; the kubelet would retry after a growing delay.
FIXED_BY_DEPENDENCY = ("configmap_missing", "secret_missing")
# What a component recovers from on its own once those that it depends on are ready.
SELF_HEALING = ("starting", "probe_fails")
FINALIZERS = """'{"metadata":{"finalizers":null}}'"""
# etcd's errors in a scheduler whose volume is not the one that it joined with.
DATA_LOST = re.compile(r"has already been bootstrapped|cluster ID mismatch|permanently removed from the cluster|tocommit\(\d+\) is out of range")


def plan_component(
    component: ControlPlaneComponent, observed: ComponentState, state: DaprState, dependency_pending: bool,
) -> tuple[list[RecoveryAction], list[Problem]]:
    """The actions and problems of one existing component. ``dependency_pending``: whether one that it depends on is recovered before."""
    drift = state.release.drift_of(component.kind, component.workload)
    if drift:
        return _restoration(component, observed, state, summary(list(drift))), []
    if component is INJECTOR and (namespaces := _with_outdated_anchors(state)):
        evidence = f"a new pod in namespace {', '.join(namespaces)} gets trust anchors that no longer match the trust bundle (dry run)"
        return [_workload_action(RESTART_COMPONENT, component, state, "wrong_anchors", evidence)], []
    if observed.old_certificate:
        evidence = f"{_names(observed.old_certificate)} still uses a certificate of a previous certificate authority"
        return [_workload_action(RESTART_COMPONENT, component, state, "old_ca", evidence)], []
    if observed.wrong_anchors:
        evidence = f"{_names(observed.wrong_anchors)} uses trust anchors that no longer match the trust bundle, and reloads them only once"
        return [_workload_action(RESTART_COMPONENT, component, state, "wrong_anchors", evidence)], []
    if observed.replicas < _released_replicas(component, state):
        return [_scale_up(component, observed, state)], []
    if observed.is_complete:
        return [], []
    if held := _held_by_finalizer(component, observed, state):
        return [], [held]
    if dependency_pending and all(cause.category in SELF_HEALING for cause in observed.causes):
        return [], []
    return _plan_by_cause(component, observed, state, dependency_pending)


def _plan_by_cause(
    component: ControlPlaneComponent, observed: ComponentState, state: DaprState, dependency_pending: bool,
) -> tuple[list[RecoveryAction], list[Problem]]:
    cause = observed.causes[0] if observed.causes else None
    evidence = describe_cause(cause) if cause else "; ".join(observed.status.missing)
    category = cause.category if cause else "not_ready"
    if cause and DATA_LOST.search(cause.log):
        return [], [_data_lost(component, state, evidence)]
    step = cause.hint if cause else f"kubectl describe {component.kind.lower()} {component.workload} -n {state.namespace}"
    if cause is None or cause.category in FIXED_BY_NEW_POD or (dependency_pending and cause.category in FIXED_BY_DEPENDENCY):
        failed = [pod for pod in observed.pods if did_not_help(observed.obj or {}, pod, _category_of(pod, category))]
        pods = [] if failed else _recreate_pods(component, observed, state)
        if pods:
            return pods, []
        evidence += f". Its pod was recreated for this cause already ({_names(tuple(failed))}), which did not help" if failed else ""
    return [], [Problem(component.kind, component.workload, state.namespace, category, evidence, step)]


def _held_by_finalizer(component: ControlPlaneComponent, observed: ComponentState, state: DaprState) -> Problem | None:
    """A pod that was deleted and is kept by a finalizer, so that a StatefulSet cannot create its successor."""
    kept = [pod["metadata"] for pod in observed.pods if "deletionTimestamp" in pod["metadata"] and pod["metadata"].get("finalizers")]
    if component.kind != "StatefulSet" or not kept:
        return None
    name, finalizers = kept[0]["name"], ", ".join(kept[0]["finalizers"])
    evidence = f"pod {name} is being deleted since {kept[0]['deletionTimestamp']}, and its finalizers ({finalizers}) keep it"
    step = f"Let their controller remove them; if it no longer exists: kubectl patch pod {name} -n {state.namespace} --type=merge -p " + FINALIZERS
    return Problem(component.kind, component.workload, state.namespace, "held_by_finalizer", evidence, step)


def _category_of(pod: dict, default: str) -> str:
    return next((category for _pod, category, _evidence in failing_pods((pod,))), default)


def _with_outdated_anchors(state: DaprState) -> list[str]:
    """The namespaces in which a new pod gets other anchors than the bundle's."""
    if not state.bundle.is_complete:
        return []
    return sorted(name for name, one in state.injection.items() if one.state == INJECTED and "trust anchors" in one.problem(state.bundle))


def _restoration(component: ControlPlaneComponent, observed: ComponentState, state: DaprState, drift: str) -> list[RecoveryAction]:
    """Restores a workload that was changed. A StatefulSet's controller does not replace a broken pod by itself."""
    cause = observed.causes[0] if observed.causes else None
    category = cause.category if cause else "drift"
    evidence = f"{describe_cause(cause).rstrip('.')}. I{drift[1:]}" if cause else drift
    body = state.release.objects[component.kind, component.workload]
    restore = _workload_action(RESTORE, component, state, category, evidence, body)
    return [restore, *(_recreate_pods(component, observed, state) if component.kind == "StatefulSet" and not observed.is_complete else [])]


def describe_cause(cause: Cause) -> str:
    """A cause as the middle of a sentence."""
    where = f"container {cause.container} of pod {cause.pod} " if cause.container else f"pod {cause.pod} " if cause.pod else ""
    detail = last_error(cause.log) or cause.message
    return f"{where}{cause.summary} ({cause.reason})" + (f": {detail}" if detail else "")


def failing_pods(pods: tuple[dict, ...]) -> list[tuple[dict, str, str]]:
    """(pod, category, evidence) of those with a container that has an issue, or that is running but not ready."""
    failing = []
    for pod in filter(is_active, pods):
        for spec, status, kind in containers_of(pod):
            issue = issue_of(status, kind, []) if status else None
            if issue and issue.rule.severity != PROGRESSING:
                detail = f": {issue.message.strip()}" if issue.message else ""
                failing.append((pod, issue.rule.category, f"container {spec['name']} {issue.rule.summary} ({issue.reason}){detail}"))
                break
            if kind != "init" and "running" in (status.get("state") or {}) and not status.get("ready"):
                failing.append((pod, "probe_fails", f"container {spec['name']} is running, but not ready"))
                break
    return failing


def _recreate_pods(component: ControlPlaneComponent, observed: ComponentState, state: DaprState) -> list[RecoveryAction]:
    reasons_of = {pod["metadata"]["name"]: (category, evidence) for pod, category, evidence in failing_pods(observed.pods)}
    reasons_of |= {cause.pod: (cause.category, describe_cause(cause)) for cause in observed.causes if cause.pod}
    uids = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in observed.pods if is_active(pod)}
    return [
        RecoveryAction(RECREATE_POD, "Pod", name, state.namespace, *reasons_of[name], component.name, uid=uid)
        for name, uid in uids.items() if name in reasons_of
    ]


def _names(pods: tuple[dict, ...]) -> str:
    return ", ".join(pod["metadata"]["name"] for pod in pods)


def _released_replicas(component: ControlPlaneComponent, state: DaprState) -> int:
    """How many replicas the release has; without a release, as many as make the component work."""
    released = state.release.objects.get((component.kind, component.workload))
    return released["spec"].get("replicas", 3 if component is SCHEDULER else 1) if released else 1


def _scale_up(component: ControlPlaneComponent, observed: ComponentState, state: DaprState) -> RecoveryAction:
    known = (component.kind, component.workload) in state.release.objects
    replicas = 3 if component is SCHEDULER and not known else _released_replicas(component, state)
    cause = "scaled_to_zero" if observed.replicas == 0 else "scaled_down"
    evidence = f"it has {observed.replicas} replicas; scaling to {replicas}"
    return _workload_action(SCALE, component, state, cause, evidence, {"spec": {"replicas": replicas}})


def _data_lost(component: ControlPlaneComponent, state: DaprState, evidence: str) -> Problem:
    where, name = f"-n {state.namespace}", component.workload
    # Deleting claims and pods at once would let the provisioner delete the new volumes, which have the same path.
    step = (
        "Its data is lost, including jobs and reminders. Create all members anew together: "
        f"kubectl scale statefulset {name} --replicas=0 {where}; kubectl delete pvc -l app={name} {where}; wait until kubectl get pv shows none of them; "
        f"kubectl scale statefulset {name} --replicas={_released_replicas(component, state)} {where}"
    )
    return Problem(component.kind, component.workload, state.namespace, "scheduler_data_lost", evidence, step)


def _workload_action(
    operation: str, component: ControlPlaneComponent, state: DaprState, cause: str, evidence: str, body: dict | None = None,
) -> RecoveryAction:
    return RecoveryAction(operation, component.kind, component.workload, state.namespace, cause, evidence, component.name, body=body)
