# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans the recovery of Dapr, in its order. Pure."""

from __future__ import annotations

from . import plan_trust_bundle as trust
from .actions import RESTART_COMPONENT, SET_CA_BUNDLE, Problem, RecoveryAction, RecoveryPlan
from .components import INJECTOR, ORDER, SENTRY, WEBHOOK
from .model import DaprState
from .plan_control_plane import plan_component
from .plan_injection import injection_problems
from .plan_lower_layers import held_back, lower_layer_problems, other_installations
from .plan_release import is_restored, plan_objects
from .plan_sidecars import init_wait_notes, plan_sidecars, reconnecting_pods, self_healing_workloads
from .plan_workloads import workload_notes, workload_problems
from .trust_bundle import expiry_warnings
from .webhook import ca_bundle_patch, ca_bundle_problem


def make_plan(state: DaprState, allow_new_ca: bool) -> RecoveryPlan:
    """The objects of the release first, then the control plane in its order, the webhook, and the applications.

    Without a usable certificate authority nothing else would help, so only that is reported. While the control plane needs manual
    action, the applications are not changed. Where a layer below Dapr has failed, only objects are restored.
    """
    if others := other_installations(state):
        return RecoveryPlan(problems=tuple(others), notes=state.release.notes)
    cause, evidence = trust.fatal_problem(state)
    if cause and not allow_new_ca:
        return RecoveryPlan(problems=(*lower_layer_problems(state.lower), trust.new_ca_required(cause, evidence, state)), notes=state.release.notes)
    bundle = trust.plan_new_ca(cause, evidence, state) if cause else trust.plan_repair(state)
    objects, not_in_release = plan_objects(state)
    actions, manual = ([], []) if cause else _components(state, bool(bundle or objects))
    control_plane = [*bundle, *objects, *actions, *([] if cause else _webhook(state))]
    injection = [] if control_plane else injection_problems(state)
    applications, left = plan_sidecars(state, new_ca=bool(cause), control_plane_pending=bool(control_plane))
    blocked = bool(not_in_release or manual)
    without = {problem.name for problem in injection}
    postponed = [action for action in applications if blocked or action.namespace in without]
    notes = [*state.release.notes, *expiry_warnings(state.bundle, state.now), *([] if control_plane else init_wait_notes(state))]
    notes += workload_notes(state)
    notes += [f"Postponed until the control plane is healthy: {action}" for action in postponed]
    return held_back(state.lower, RecoveryPlan(
        control_plane=tuple(control_plane), applications=tuple(action for action in applications if action not in postponed),
        problems=(*not_in_release, *manual, *_endpoints(state), *injection, *workload_problems(state), *left, *_missing_components(state)),
        awaited=self_healing_workloads(state) if control_plane and not blocked else (),
        reconnecting=reconnecting_pods(state) if control_plane else (), notes=tuple(notes),
    ))


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
    if state.endpoints != 0 or not state.webhook or not state.components[INJECTOR.name].is_complete or is_restored(state, "Service", WEBHOOK):
        return []
    step = f"Compare its selector with the pods' labels: kubectl describe service {WEBHOOK} -n {state.namespace}"
    return [Problem("Service", WEBHOOK, state.namespace, "no_endpoints", "it has no ready endpoints, although the injector is ready", step)]


def _missing_components(state: DaprState) -> list[Problem]:
    evidence = "it does not exist, and a sidecar loads only components that exist when it starts"
    step = "Apply its manifest (deploy.yml does), then restart the workloads that use it"
    return [Problem("Component", name, namespace, "component_missing", evidence, step) for namespace, name in state.missing_components]
