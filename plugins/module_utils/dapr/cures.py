# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a part of the control plane that does not serve is brought back. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.dapr.actions import RECREATE, RESTART, RESTORE, SCALE, Action, Problem
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.drift import drifted, restored
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Found, Part
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import SCHEDULER, Component
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import last_error
from ansible_collections.runbook.minikube.plugins.module_utils.workloads import reasons
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.containers import trouble_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import containers_of, is_active
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, Cause

# Categories of causes that the successor of a pod does not have: a name that is taken, a time-out of the runtime, a back-off that
# outlives its reason. The others lie in the pod's spec or outside of Kubernetes.
CURED_ANEW = (
    "name_conflict", "runtime_slow", "create_failed", "start_failed", "runtime_stuck", "sandbox", "unknown", "crash", "ends_at_once",
    "probe_kills", "probe_fails", "evicted", "node_going", "pod_refused",
)
# What a pod lacked that is there again; the kubelet would look for it after a growing pause.
GIVEN_BACK = ("configmap_missing", "secret_missing")
# What a part does by itself once those that it depends on serve.
PATIENT = ("starting", "probe_fails")
DATA_LOST = "has already been bootstrapped"  # what etcd says in a scheduler whose volume is not the one that it was a member with


def cure(component: Component, part: Part, found: Found, others_first: bool) -> tuple[list[Action], list[Problem]]:
    """What brings one existing part back. ``others_first``: whether a part that it depends on is brought back before."""
    if part.stale:
        why = f"{_names(part.stale)} still has a certificate of another authority than the present one"
        return [_on_workload(RESTART, component, found, "old_ca", why)], []
    if part.misled:
        why = f"{_names(part.misled)} has taken over anchors that are not the trust bundle's any more, and reads them only once"
        return [_on_workload(RESTART, component, found, "wrong_anchors", why)], []
    if part.replicas == 0:
        return [_scaled(component, found)], []
    if part.state.state == COMPLETE:
        return [], []
    if others_first and all(cause.category in PATIENT for cause in part.causes):
        return [], []
    return _by_cause(component, part, found, others_first)


def _by_cause(component: Component, part: Part, found: Found, others_first: bool) -> tuple[list[Action], list[Problem]]:
    released = found.release.get((component.kind, component.workload))
    difference = drifted(part.obj, released) if released else []
    cause = part.causes[0] if part.causes else None
    evidence = evidence_of(cause) if cause else "; ".join(part.state.missing)
    if difference:
        why = f"{evidence.rstrip('.')}. It differs from the release: {', '.join(difference)}"
        body = restored(released)
        category = cause.category if cause else "not_ready"
        back = [Action(RESTORE, component.kind, component.workload, found.namespace, category, why, component.name, body=body)]
        # A StatefulSet's controller waits for a broken pod before it replaces it.
        return back + (_anew(component, part, found) if component.kind == "StatefulSet" else []), []
    if cause and DATA_LOST in cause.log:
        return [], [_lost(component, found, evidence)]
    if cause is None or cause.category in CURED_ANEW or (others_first and cause.category in GIVEN_BACK):
        pods = _anew(component, part, found)
        if pods:
            return pods, []
    step = cause.hint if cause else f"kubectl describe {component.kind.lower()} {component.workload} -n {found.namespace}"
    category = cause.category if cause else "not_ready"
    return [], [Problem(component.kind, component.workload, found.namespace, category, evidence, step)]


def evidence_of(cause: Cause) -> str:
    """What is seen of a cause, as the middle of a sentence."""
    where = f"container {cause.container} of pod {cause.pod} " if cause.container else f"pod {cause.pod} " if cause.pod else ""
    told = last_error(cause.log) or cause.message
    return f"{where}{cause.says} ({cause.reason})" + (f": {told}" if told else "")


def broken(pods: tuple[dict, ...]) -> list[tuple[dict, str, str]]:
    """(pod, category, evidence) of those that have a container in trouble, or one that runs without being ready."""
    found = []
    for pod in filter(is_active, pods):
        for spec, status, kind in containers_of(pod):
            trouble = trouble_of(status, kind, []) if status else None
            if trouble and trouble.rule.verdict != reasons.PROGRESSING:
                told = f": {trouble.message.strip()}" if trouble.message else ""
                found.append((pod, trouble.rule.category, f"container {spec['name']} {trouble.rule.says} ({trouble.reason}){told}"))
                break
            if kind != "init" and "running" in (status.get("state") or {}) and not status.get("ready"):
                found.append((pod, "probe_fails", f"container {spec['name']} runs, but does not get ready"))
                break
    return found


def _anew(component: Component, part: Part, found: Found) -> list[Action]:
    told = {cause.pod: (cause.category, evidence_of(cause)) for cause in part.causes if cause.pod}
    seen = {pod["metadata"]["name"]: (category, evidence) for pod, category, evidence in broken(part.pods)}
    pods = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in part.pods if is_active(pod)}
    return [
        Action(RECREATE, "Pod", name, found.namespace, *({**seen, **told}[name]), component.name, uid=uid)
        for name, uid in pods.items() if name in {**seen, **told}
    ]


def _names(pods: tuple[dict, ...]) -> str:
    return ", ".join(pod["metadata"]["name"] for pod in pods)


def _scaled(component: Component, found: Found) -> Action:
    released = found.release.get((component.kind, component.workload))
    usual = 3 if component is SCHEDULER else 1
    replicas = released["spec"].get("replicas", usual) if released else usual
    why = f"it is scaled to zero; it is scaled to {replicas}"
    return _on_workload(SCALE, component, found, "scaled_to_zero", why, {"spec": {"replicas": replicas}})


def _lost(component: Component, found: Found, evidence: str) -> Problem:
    step = (
        "Its data is lost, and with it jobs and reminders. Begin anew with all members together: "
        f"kubectl delete pvc,pod -l app={component.workload} -n {found.namespace}"
    )
    return Problem(component.kind, component.workload, found.namespace, "scheduler_data_lost", evidence, step)


def _on_workload(what: str, component: Component, found: Found, cause: str, evidence: str, body: dict | None = None) -> Action:
    return Action(what, component.kind, component.workload, found.namespace, cause, evidence, component.name, body=body)
