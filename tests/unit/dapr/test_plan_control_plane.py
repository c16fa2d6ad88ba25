# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan for the control plane, its trust bundle and its webhook: only what is needed, in the right order."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr import actions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import (
    INJECTOR,
    OPERATOR,
    ORDER,
    PLACEMENT,
    SCHEDULER,
    SENTRY,
    TRUST_BUNDLE,
    WEBHOOK,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.injection import UNPROVEN
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.model import LowerLayers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecars import DAPRD_UNREADY, OLD_CA, SidecarProblem
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.trace import ANNOTATION
from dapr_objects import (
    CA,
    NOW,
    OTHER_CA,
    Authority,
    at,
    cause,
    component_state,
    control_object,
    control_pod,
    dapr_state,
    encoded,
    injection,
    node,
    pod,
    waiting,
    webhook,
)

NAME_CONFLICT = waiting("CreateContainerError", 'Conflict. The container name "x" is already in use')


def planned(observed, allow=False):
    return [(action.operation, action.kind, action.name) for action in make_plan(observed, allow).actions]


def conflict(component, number=0):
    return component_state(component, cause(component, "name_conflict", number), pods=[control_pod(component, NAME_CONFLICT, ready=False, number=number)])


def test_healthy_control_plane_is_not_changed():
    plan = make_plan(dapr_state(), False)
    assert plan.is_healthy and plan.actions == () and plan.problems == ()


@pytest.mark.parametrize("component", ORDER, ids=lambda component: component.name)
def test_name_conflict_is_fixed_by_a_new_pod(component):
    plan = make_plan(dapr_state((component, conflict(component))), False)
    assert planned(dapr_state((component, conflict(component)))) == [(actions.RECREATE_POD, "Pod", f"{component.workload}-0")]
    assert plan.actions[0].uid == f"uid-{component.workload}-0" and plan.actions[0].cause == "name_conflict"


def test_only_the_broken_scheduler_of_three_is_recreated():
    pods = [control_pod(SCHEDULER, number=0), control_pod(SCHEDULER, NAME_CONFLICT, ready=False, number=1), control_pod(SCHEDULER, number=2)]
    broken = component_state(SCHEDULER, cause(SCHEDULER, "name_conflict", 1), pods=pods)
    assert planned(dapr_state((SCHEDULER, broken))) == [(actions.RECREATE_POD, "Pod", "dapr-scheduler-server-1")]


def test_components_are_recovered_in_order():
    observed = dapr_state(*((component, conflict(component)) for component in reversed(ORDER)))
    assert [name for _what, _kind, name in planned(observed)] == [f"{component.workload}-0" for component in ORDER]


def test_component_that_waits_for_a_dependency_is_waited_for():
    unready = component_state(INJECTOR, cause(INJECTOR, "probe_fails"), pods=[control_pod(INJECTOR, ready=False)])
    assert planned(dapr_state((SENTRY, conflict(SENTRY)), (INJECTOR, unready))) == [(actions.RECREATE_POD, "Pod", "dapr-sentry-0")]
    assert planned(dapr_state((INJECTOR, unready))) == [(actions.RECREATE_POD, "Pod", "dapr-sidecar-injector-0")]


def test_scaled_to_zero_is_scaled_to_the_replicas_of_the_release():
    nothing = component_state(PLACEMENT, obj=control_object(PLACEMENT, replicas=0), pods=[])
    released = {(PLACEMENT.kind, PLACEMENT.workload): control_object(PLACEMENT, replicas=3)}
    for release, replicas in ((released, 3), ({}, 1)):
        plan = make_plan(dapr_state((PLACEMENT, nothing), release=release), False)
        assert [(action.operation, action.body) for action in plan.actions] == [(actions.SCALE, {"spec": {"replicas": replicas}})]


def test_fewer_replicas_than_the_release_has_are_scaled_up():
    one_of_three = component_state(PLACEMENT, obj=control_object(PLACEMENT, replicas=1))
    plan = make_plan(dapr_state((PLACEMENT, one_of_three), release={(PLACEMENT.kind, PLACEMENT.workload): control_object(PLACEMENT, replicas=3)}), False)
    assert [(action.operation, action.cause) for action in plan.actions] == [(actions.SCALE, "scaled_down")]
    more = component_state(PLACEMENT, obj=control_object(PLACEMENT, replicas=5))
    assert planned(dapr_state((PLACEMENT, more), release={(PLACEMENT.kind, PLACEMENT.workload): control_object(PLACEMENT, replicas=3)})) == []


def test_changed_pod_template_is_restored_with_the_cause_that_it_has():
    crashing = cause(SENTRY, "crash", reason="CrashLoopBackOff", log='level=fatal msg="unknown flag: --nonsense"', summary="keeps crashing")
    for state, expected in ((component_state(SENTRY, crashing), "crash"), (component_state(SENTRY), "drift")):
        plan = make_plan(dapr_state((SENTRY, state), drift=[(control_object(SENTRY), "spec.template.args is a list of 3 instead of a list of 2")]), False)
        assert [(action.operation, action.name, action.cause) for action in plan.actions] == [(actions.RESTORE, "dapr-sentry", expected)]
        assert "differs from the release: spec.template.args is a list of 3" in plan.actions[0].evidence
        assert ("unknown flag: --nonsense" in plan.actions[0].evidence) == (expected == "crash")
        assert plan.actions[0].body == control_object(SENTRY)


def test_broken_pod_of_a_restored_statefulset_is_recreated():
    changed, drift = component_state(PLACEMENT, cause(PLACEMENT, "image_not_found")), [(control_object(PLACEMENT), "the image")]
    assert [what for what, _kind, _name in planned(dapr_state((PLACEMENT, changed), drift=drift))] == [actions.RESTORE, actions.RECREATE_POD]
    assert [what for what, _kind, _name in planned(dapr_state(drift=drift))] == [actions.RESTORE]


def test_a_cure_of_the_control_plane_that_did_not_help_is_not_repeated():
    operator = control_object(OPERATOR)
    operator["metadata"]["annotations"] = {ANNOTATION: f"name_conflict {at(-30)}"}
    successor = control_pod(OPERATOR, NAME_CONFLICT, ready=False)
    successor["metadata"]["creationTimestamp"] = at(-29)
    for obj, expected in ((operator, []), (control_object(OPERATOR), [actions.RECREATE_POD])):
        plan = make_plan(dapr_state((OPERATOR, component_state(OPERATOR, cause(OPERATOR, "name_conflict"), pods=[successor], obj=obj))), False)
        assert [action.operation for action in plan.actions] == expected
        assert ["did not help" in problem.evidence for problem in plan.problems] == [True] * (not expected)


def test_missing_image_needs_manual_action():
    broken = component_state(OPERATOR, cause(OPERATOR, "image_not_found", hint="Push it."))
    plan = make_plan(dapr_state((OPERATOR, broken), release={(OPERATOR.kind, OPERATOR.workload): control_object(OPERATOR)}), False)
    assert plan.actions == () and [(problem.cause, problem.next_step) for problem in plan.problems] == [("image_not_found", "Push it.")]


@pytest.mark.parametrize("log", ["etcd: member 1f has already been bootstrapped", "request cluster ID mismatch (got 1 want 2)"])
def test_lost_scheduler_data_needs_manual_action(log):
    lost = component_state(SCHEDULER, cause(SCHEDULER, "crash", log=log))
    plan = make_plan(dapr_state((SCHEDULER, lost)), False)
    assert plan.actions == () and plan.problems[0].cause == "scheduler_data_lost" and "--replicas=0" in plan.problems[0].next_step


def test_component_with_an_old_certificate_is_restarted():
    old_certificate = component_state(OPERATOR, old_certificate=(control_pod(OPERATOR),))
    assert planned(dapr_state((OPERATOR, old_certificate))) == [(actions.RESTART_COMPONENT, "Deployment", "dapr-operator")]


def test_missing_objects_are_created_first():
    absent = component_state(PLACEMENT, obj=None, pods=[])
    observed = dapr_state((PLACEMENT, absent), (OPERATOR, conflict(OPERATOR)), missing=(control_object(PLACEMENT),))
    assert planned(observed) == [(actions.CREATE, "StatefulSet", "dapr-placement-server"), (actions.RECREATE_POD, "Pod", "dapr-operator-0")]


def test_missing_component_without_a_release_is_reported():
    plan = make_plan(dapr_state((PLACEMENT, component_state(PLACEMENT, obj=None, pods=[]))), False)
    assert plan.actions == () and plan.problems[0].name == "dapr-placement-server" and "helm upgrade --install" in plan.problems[0].next_step


def test_scheduler_is_optional():
    assert make_plan(dapr_state((SCHEDULER, component_state(SCHEDULER, obj=None, pods=[]))), False).is_healthy


def test_deleted_webhook_is_created_with_its_ca_bundle():
    plan = make_plan(dapr_state(webhook=None, missing=(webhook(),)), False)
    assert [(action.operation, action.name) for action in plan.actions] == [(actions.CREATE, WEBHOOK)]
    assert base64.b64decode(plan.actions[0].body["webhooks"][0]["clientConfig"]["caBundle"]).decode() == CA.anchors


def test_webhook_without_a_ca_bundle_gets_the_current_anchors():
    plan = make_plan(dapr_state(webhook=webhook()), False)
    assert [(action.operation, action.cause) for action in plan.actions] == [(actions.SET_CA_BUNDLE, "webhook_ca")]
    assert base64.b64decode(plan.actions[0].body[0]["value"]).decode() == CA.anchors


def test_service_without_endpoints_needs_manual_action():
    assert [problem.cause for problem in make_plan(dapr_state(endpoints=0), False).problems] == ["no_endpoints"]


READERS = ["dapr-operator", "dapr-placement-server", "dapr-sidecar-injector", "dapr-scheduler-server"]


def test_configmap_is_synced_from_the_secret_and_its_readers_are_restarted():
    for ca in (CA, OTHER_CA):
        plan = make_plan(dapr_state(configmap=OTHER_CA.configmap(), webhook=webhook(ca.anchors)), False)
        first, *others = plan.actions
        assert (first.operation, first.kind, first.body) == (actions.SYNC_CONFIGMAP, "ConfigMap", {"data": {"ca.crt": CA.anchors}})
        assert [(action.operation, action.name, action.cause) for action in others] == [(actions.RESTART_COMPONENT, name, "wrong_anchors") for name in READERS]


def test_empty_configmap_needs_no_restarts():
    assert planned(dapr_state(configmap={"metadata": {}, "data": {}})) == [(actions.SYNC_CONFIGMAP, "ConfigMap", TRUST_BUNDLE)]


def test_a_foreign_ca_bundle_is_replaced_and_nobody_is_restarted():
    assert planned(dapr_state(webhook=webhook(OTHER_CA.anchors))) == [(actions.SET_CA_BUNDLE, "MutatingWebhookConfiguration", WEBHOOK)]


def test_only_the_injector_is_restarted_if_a_dry_run_shows_its_outdated_anchors():
    observed = dapr_state(injection={"default": injection(OTHER_CA.anchors)})
    assert planned(observed) == [(actions.RESTART_COMPONENT, "Deployment", "dapr-sidecar-injector")]


def test_only_components_with_wrong_anchors_are_restarted_and_sidecars_may_reconnect():
    unhealthy = pod(ready=False)
    unready = (SidecarProblem(unhealthy, DAPRD_UNREADY, "dapr is not ready: [placement-client]"),)
    placement = component_state(PLACEMENT, wrong_anchors=(control_pod(PLACEMENT),))
    plan = make_plan(dapr_state((PLACEMENT, placement), pods=(unhealthy,), sidecar_problems=unready), False)
    assert [(action.operation, action.name) for action in plan.actions] == [(actions.RESTART_COMPONENT, "dapr-placement-server")]
    assert "dapr-placement-server-0 uses trust anchors that no longer match" in plan.actions[0].evidence
    assert plan.reconnecting == (unhealthy["metadata"]["uid"],)
    alone = make_plan(dapr_state(pods=(unhealthy,), sidecar_problems=unready), False)
    assert [action.operation for action in alone.actions] == [actions.ROLLING_RESTART] and alone.reconnecting == ()


@pytest.mark.parametrize(("age", "restarts"), [(600, 4), (3650, 0), (7200, 0)])
def test_injector_that_keeps_injecting_old_anchors_is_restarted(age, restarts):
    """Pods of before the bundle's last change, or of a minute later, could not have the current anchors."""
    late = pod(age=age, anchors=OTHER_CA.anchors)
    outdated = (SidecarProblem(late, OLD_CA, "evidence"),)
    unproven = {"default": injection(state=UNPROVEN)}
    observed = dapr_state(pods=(late,), injection=unproven, sidecar_problems=outdated, bundle_changed=NOW - timedelta(seconds=3700))
    operations = [action.operation for action in make_plan(observed, False).actions]
    assert operations == [*[actions.RESTART_COMPONENT] * restarts, actions.ROLLING_RESTART]
    proven = replace(observed, injection={"default": injection()})
    assert [action.operation for action in make_plan(proven, False).actions] == [actions.ROLLING_RESTART]


def test_missing_configmap_is_created_with_the_anchors():
    plan = make_plan(dapr_state(configmap=None), False)
    assert [(action.operation, action.kind, action.body["data"]) for action in plan.actions] == [(actions.CREATE, "ConfigMap", {"ca.crt": CA.anchors})]


@pytest.mark.parametrize("secret", [None, CA.secret(issuer_key=True)])
def test_lost_ca_is_replaced_only_if_allowed(secret):
    observed = dapr_state((OPERATOR, conflict(OPERATOR)), secret=secret)
    not_allowed = make_plan(observed, False)
    assert not_allowed.actions == () and [problem.cause for problem in not_allowed.problems] == ["ca_lost"]
    assert "allow_new_ca=true" in str(not_allowed.problems[0])
    operations = [action.operation for action in make_plan(observed, True).actions]
    first = [actions.CREATE] if secret is None else [actions.BACK_UP, actions.CLEAR_TRUST_BUNDLE]
    assert operations == [*first, *[actions.RESTART_COMPONENT] * 5, actions.ROLLING_RESTART]


def test_expired_ca_prevents_everything_else():
    old = Authority(days=-1)
    observed = dapr_state((SENTRY, conflict(SENTRY)), secret=old.secret(), configmap=old.configmap())
    plan = make_plan(observed, False)
    assert plan.actions == () and [problem.cause for problem in plan.problems] == ["ca_unusable"] and "expired at" in str(plan.problems[0])


def test_backup_of_the_secret_is_named_by_its_version():
    old = Authority(days=-1)
    copy = make_plan(dapr_state(secret=old.secret(), configmap=old.configmap()), True).actions[0]
    assert copy.operation == actions.BACK_UP and copy.body["metadata"]["name"] == f"{TRUST_BUNDLE}-before-7"
    assert copy.body["data"]["issuer.key"] == encoded("a key") and encoded("a key") not in repr(copy)


def test_empty_bundle_without_sidecars_is_left_to_sentry():
    observed = dapr_state(secret={"metadata": {}}, configmap={"metadata": {}}, pods=(), webhook=webhook())
    assert make_plan(observed, False).is_healthy


def test_pod_that_waits_for_the_control_plane_is_waited_for():
    observed = dapr_state((OPERATOR, conflict(OPERATOR)), pods=(pod(ready=False),))
    plan = make_plan(observed, False)
    assert plan.applications == () and plan.awaited == (("default", "Deployment", "web"),)


def test_nodes_and_components_are_reported():
    plan = make_plan(dapr_state(lower=LowerLayers((node(ready=False),)), missing_components=(("default", "pubsub"),)), False)
    assert [(problem.kind, problem.cause) for problem in plan.problems] == [("Node", "node_not_ready"), ("Component", "component_missing")]
