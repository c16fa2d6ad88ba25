# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans the recovery of a control plane component that is not ready. Pure."""

from __future__ import annotations

from ..causes.container_issue import issue_of
from ..causes.rules import PROGRESSING
from ..clients.cluster.pods import is_active
from ..workloads.fields import containers_of
from ..workloads.model import Cause
from .actions import RECREATE_POD, RESTART_COMPONENT, RESTORE, SCALE, Problem, RecoveryAction
from .components import SCHEDULER, ControlPlaneComponent
from .model import ComponentState, DaprState
from .sidecars import last_error
from .template_diff import restored_spec, template_differences

# Categories of causes that a new pod fixes: a name conflict, a timeout of the runtime, a back-off that outlives its reason.
# All others are in the pod's spec or outside of Kubernetes.
FIXED_BY_NEW_POD = (
    "name_conflict", "runtime_slow", "create_failed", "start_failed", "runtime_stuck", "sandbox", "unknown", "crash", "exits_immediately",
    "killed_by_probe", "probe_fails", "evicted", "node_shutdown", "pod_rejected",
)
# Dependencies of a pod that exist again; the kubelet would retry after a growing delay.
FIXED_BY_DEPENDENCY = ("configmap_missing", "secret_missing")
# What a component recovers from on its own once those that it depends on are ready.
SELF_HEALING = ("starting", "probe_fails")
DATA_LOST = "has already been bootstrapped"  # etcd's error in a scheduler whose volume is not the one that it joined with


def plan_component(
    component: ControlPlaneComponent, observed: ComponentState, state: DaprState, dependency_pending: bool,
) -> tuple[list[RecoveryAction], list[Problem]]:
    """The actions and problems of one existing component. ``dependency_pending``: whether one that it depends on is recovered before."""
    if observed.old_certificate:
        evidence = f"{_names(observed.old_certificate)} still uses a certificate of a previous certificate authority"
        return [_workload_action(RESTART_COMPONENT, component, state, "old_ca", evidence)], []
    if observed.wrong_anchors:
        evidence = f"{_names(observed.wrong_anchors)} uses trust anchors that no longer match the trust bundle, and reloads them only once"
        return [_workload_action(RESTART_COMPONENT, component, state, "wrong_anchors", evidence)], []
    if observed.replicas == 0:
        return [_scale_up(component, state)], []
    if observed.is_complete:
        return [], []
    if dependency_pending and all(cause.category in SELF_HEALING for cause in observed.causes):
        return [], []
    return _plan_by_cause(component, observed, state, dependency_pending)


def _plan_by_cause(
    component: ControlPlaneComponent, observed: ComponentState, state: DaprState, dependency_pending: bool,
) -> tuple[list[RecoveryAction], list[Problem]]:
    cause = observed.causes[0] if observed.causes else None
    evidence = describe_cause(cause) if cause else "; ".join(observed.status.missing)
    category = cause.category if cause else "not_ready"
    restoration = _restoration(component, observed, state, category, evidence)
    if restoration:
        return restoration, []
    if cause and DATA_LOST in cause.log:
        return [], [_data_lost(component, state, evidence)]
    if cause is None or cause.category in FIXED_BY_NEW_POD or (dependency_pending and cause.category in FIXED_BY_DEPENDENCY):
        pods = _recreate_pods(component, observed, state)
        if pods:
            return pods, []
    step = cause.hint if cause else f"kubectl describe {component.kind.lower()} {component.workload} -n {state.namespace}"
    return [], [Problem(component.kind, component.workload, state.namespace, category, evidence, step)]


def _restoration(
    component: ControlPlaneComponent, observed: ComponentState, state: DaprState, category: str, evidence: str,
) -> list[RecoveryAction]:
    """Restores a pod template that was changed, or nothing if it matches the release."""
    released = state.release.get((component.kind, component.workload))
    differences = template_differences(observed.obj, released) if observed.obj and released else []
    if released is None or not differences:
        return []
    reason = f"{evidence.rstrip('.')}. It differs from the release: {', '.join(differences)}"
    restore = RecoveryAction(RESTORE, component.kind, component.workload, state.namespace, category, reason, component.name, body=restored_spec(released))
    # A StatefulSet's controller does not replace a broken pod.
    return [restore, *(_recreate_pods(component, observed, state) if component.kind == "StatefulSet" else [])]


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


def _scale_up(component: ControlPlaneComponent, state: DaprState) -> RecoveryAction:
    released = state.release.get((component.kind, component.workload))
    default = 3 if component is SCHEDULER else 1
    replicas = released["spec"].get("replicas", default) if released else default
    evidence = f"it has 0 replicas; scaling to {replicas}"
    return _workload_action(SCALE, component, state, "scaled_to_zero", evidence, {"spec": {"replicas": replicas}})


def _data_lost(component: ControlPlaneComponent, state: DaprState, evidence: str) -> Problem:
    step = (
        "Its data is lost, including jobs and reminders. Recreate all members together: "
        f"kubectl delete pvc,pod -l app={component.workload} -n {state.namespace}"
    )
    return Problem(component.kind, component.workload, state.namespace, "scheduler_data_lost", evidence, step)


def _workload_action(
    operation: str, component: ControlPlaneComponent, state: DaprState, cause: str, evidence: str, body: dict | None = None,
) -> RecoveryAction:
    return RecoveryAction(operation, component.kind, component.workload, state.namespace, cause, evidence, component.name, body=body)
