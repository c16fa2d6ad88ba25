# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans the recovery of Dapr, in its order. Pure."""

from __future__ import annotations

import copy

from . import plan_trust_bundle as trust
from .actions import CREATE, RESTART_COMPONENT, SET_CA_BUNDLE, Problem, RecoveryAction, RecoveryPlan
from .components import INJECTOR, ORDER, REQUIRED, SENTRY, TRUST_BUNDLE, WEBHOOK
from .model import DaprState
from .plan_control_plane import plan_component
from .plan_sidecars import init_wait_notes, plan_sidecars, reconnecting_pods, self_healing_workloads
from .trust_bundle import expiry_warnings
from .webhook import ca_bundle_patch, ca_bundle_problem, encoded_anchors

REINSTALL = "The Helm release does not contain it either. Install Dapr again with the same values: helm upgrade --install (role dapr)"


def make_plan(state: DaprState, allow_new_ca: bool) -> RecoveryPlan:
    """Missing objects first, then the control plane in its order, the webhook, and the applications.

    Without a usable certificate authority nothing else would help, so only that is reported. While the control plane needs manual
    action, the applications are not changed.
    """
    cause, evidence = trust.fatal_problem(state)
    if cause and not allow_new_ca:
        return RecoveryPlan(problems=(trust.new_ca_required(cause, evidence, state),))
    bundle = trust.plan_new_ca(cause, evidence, state) if cause else trust.plan_repair(state)
    creations, not_in_release = _missing_objects(state)
    actions, manual = ([], []) if cause else _components(state, bool(bundle or creations))
    control_plane = [*bundle, *creations, *actions, *([] if cause else _webhook(state))]
    applications, left = plan_sidecars(state, new_ca=bool(cause), control_plane_pending=bool(control_plane))
    blocked = bool(not_in_release or manual)
    notes = expiry_warnings(state.bundle, state.now)
    notes += [] if control_plane else init_wait_notes(state)
    notes += [f"Postponed until the control plane is healthy: {action}" for action in applications] if blocked else []
    return RecoveryPlan(
        control_plane=tuple(control_plane), applications=() if blocked else tuple(applications),
        problems=(*_nodes(state), *not_in_release, *manual, *_endpoints(state), *left, *_missing_components(state)),
        awaited=self_healing_workloads(state) if control_plane and not blocked else (),
        reconnecting=reconnecting_pods(state) if control_plane else (), notes=tuple(notes),
    )


def _missing_objects(state: DaprState) -> tuple[list[RecoveryAction], list[Problem]]:
    """The release's objects that do not exist. The trust bundle is planned separately."""
    creations = [_create(obj, state) for obj in state.missing_objects if obj["metadata"]["name"] != TRUST_BUNDLE]
    created = {(action.kind, action.name) for action in creations}
    absent = [(component.kind, component.workload) for component in REQUIRED if state.components[component.name].obj is None]
    absent += [("MutatingWebhookConfiguration", WEBHOOK)] if state.webhook is None else []
    problems = [
        Problem(kind, name, state.namespace, "object_missing", "it does not exist", REINSTALL) for kind, name in absent if (kind, name) not in created
    ]
    return creations, problems


def _create(obj: dict, state: DaprState) -> RecoveryAction:
    kind, name = obj["kind"], obj["metadata"]["name"]
    body = copy.deepcopy(obj)
    if kind == "MutatingWebhookConfiguration" and state.bundle.is_complete:
        # The injector sets it only when it starts.
        for entry in body["webhooks"]:
            entry["clientConfig"]["caBundle"] = encoded_anchors(state.bundle)
    component = next((item.name for item in ORDER if (item.kind, item.workload) == (kind, name)), "")
    return RecoveryAction(CREATE, kind, name, body["metadata"].get("namespace", ""), "object_missing", "it does not exist", component, body=body)


def _components(state: DaprState, dependency_pending: bool) -> tuple[list[RecoveryAction], list[Problem]]:
    reason = trust.stale_anchors_reason(state)
    if reason:
        return _restart_readers(state, reason), []
    actions: list[RecoveryAction] = []
    problems: list[Problem] = []
    for component in ORDER:
        observed = state.components[component.name]
        if observed.obj is None:
            continue
        planned, manual = plan_component(component, observed, state, dependency_pending or bool(actions))
        actions += planned
        problems += manual
    return actions, problems


def _restart_readers(state: DaprState, reason: str) -> list[RecoveryAction]:
    """All components that read the ConfigMap."""
    return [
        RecoveryAction(RESTART_COMPONENT, component.kind, component.workload, state.namespace, "wrong_anchors", reason, component.name)
        for component in ORDER if component is not SENTRY and state.components[component.name].obj
    ]


def _webhook(state: DaprState) -> list[RecoveryAction]:
    """The CA bundle, which an injector that is already running does not set again."""
    if state.webhook is None or not state.bundle.is_complete or trust.stale_anchors_reason(state):
        return []
    problem = ca_bundle_problem(state.webhook, state.bundle)
    if not problem:
        return []
    evidence = f"it {problem}, so the API server creates pods without their sidecars"
    body = ca_bundle_patch(state.webhook, state.bundle)
    return [RecoveryAction(SET_CA_BUNDLE, "MutatingWebhookConfiguration", WEBHOOK, "", "webhook_ca", evidence, body=body)]


def _endpoints(state: DaprState) -> list[Problem]:
    """A Service without endpoints, although the injector is ready."""
    missing = {(obj["kind"], obj["metadata"]["name"]) for obj in state.missing_objects}
    if state.endpoints or not state.webhook or not state.components[INJECTOR.name].is_complete or ("Service", WEBHOOK) in missing:
        return []
    step = f"Compare its selector with the pods' labels: kubectl describe service {WEBHOOK} -n {state.namespace}"
    return [Problem("Service", WEBHOOK, state.namespace, "no_endpoints", "it has no ready endpoints, although the injector is ready", step)]


def _nodes(state: DaprState) -> list[Problem]:
    return [
        Problem("Node", name, "", "node_not_ready", "it is not ready", f"kubectl describe node {name}; minikube start") for name in state.not_ready_nodes
    ]


def _missing_components(state: DaprState) -> list[Problem]:
    evidence = "it does not exist, and a sidecar loads only components that exist when it starts"
    step = "Apply its manifest (deploy.yml does), then restart the workloads that use it"
    return [Problem("Component", name, namespace, "component_missing", evidence, step) for namespace, name in state.missing_components]
