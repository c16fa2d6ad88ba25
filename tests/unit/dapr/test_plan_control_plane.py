# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done about the control plane, its trust bundle and its webhook: only what is needed, in the order that it needs."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr import actions
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import INJECTOR, OPERATOR, ORDER, PLACEMENT, SCHEDULER, SENTRY, TRUST_BUNDLE, WEBHOOK
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import OLD_CA, UNREADY, Ailment
from dapr_objects import CA, NOW, OTHER_CA, Authority, cause, control_object, control_pod, encoded, found, part, pod, waiting, webhook

TAKEN = waiting("CreateContainerError", 'Conflict. The container name "x" is already in use')


def done(observed, allow=False):
    return [(action.what, action.kind, action.name) for action in make_plan(observed, allow).actions]


def conflict(component, number=0):
    return part(component, cause(component, "name_conflict", number), pods=[control_pod(component, TAKEN, ready=False, number=number)])


def test_a_healthy_one_is_left_alone():
    plan = make_plan(found(), False)
    assert plan.is_healthy and plan.actions == () and plan.problems == ()


@pytest.mark.parametrize("component", ORDER, ids=lambda component: component.name)
def test_a_name_that_is_taken_is_escaped_by_a_new_pod(component):
    plan = make_plan(found((component, conflict(component))), False)
    assert done(found((component, conflict(component)))) == [(actions.RECREATE, "Pod", f"{component.workload}-0")]
    assert plan.actions[0].uid == f"uid-{component.workload}-0" and plan.actions[0].cause == "name_conflict"


def test_one_scheduler_of_three_is_made_anew_and_no_other():
    pods = [control_pod(SCHEDULER, number=0), control_pod(SCHEDULER, TAKEN, ready=False, number=1), control_pod(SCHEDULER, number=2)]
    broken = part(SCHEDULER, cause(SCHEDULER, "name_conflict", 1), pods=pods)
    assert done(found((SCHEDULER, broken))) == [(actions.RECREATE, "Pod", "dapr-scheduler-server-1")]


def test_several_come_in_the_order_that_dapr_needs():
    observed = found(*((component, conflict(component)) for component in reversed(ORDER)))
    assert [name for _what, _kind, name in done(observed)] == [f"{component.workload}-0" for component in ORDER]


def test_what_only_waits_for_an_earlier_part_is_waited_for():
    unready = part(INJECTOR, cause(INJECTOR, "probe_fails"), pods=[control_pod(INJECTOR, ready=False)])
    assert done(found((SENTRY, conflict(SENTRY)), (INJECTOR, unready))) == [(actions.RECREATE, "Pod", "dapr-sentry-0")]
    assert done(found((INJECTOR, unready))) == [(actions.RECREATE, "Pod", "dapr-sidecar-injector-0")]


def test_scaled_to_zero_is_scaled_to_what_the_release_has():
    nothing = part(PLACEMENT, obj=control_object(PLACEMENT, replicas=0), pods=[])
    released = {(PLACEMENT.kind, PLACEMENT.workload): control_object(PLACEMENT, replicas=3)}
    for release, replicas in ((released, 3), ({}, 1)):
        plan = make_plan(found((PLACEMENT, nothing), release=release), False)
        assert [(action.what, action.body) for action in plan.actions] == [(actions.SCALE, {"spec": {"replicas": replicas}})]


def test_a_spec_that_somebody_changed_is_set_back_where_it_is_broken():
    crashing = cause(SENTRY, "crash", reason="CrashLoopBackOff", log='level=fatal msg="unknown flag: --nonsense"', says="ends with an error again and again")
    changed = part(SENTRY, crashing, obj=control_object(SENTRY, args=["--nonsense"]))
    released = {(SENTRY.kind, SENTRY.workload): control_object(SENTRY)}
    plan = make_plan(found((SENTRY, changed), release=released), False)
    assert [(action.what, action.name) for action in plan.actions] == [(actions.RESTORE, "dapr-sentry")]
    assert "unknown flag: --nonsense" in plan.actions[0].evidence and "dapr-sentry's args" in plan.actions[0].evidence
    assert plan.actions[0].body["template"] == control_object(SENTRY)["spec"]["template"]


def test_a_stateful_set_whose_spec_is_set_back_gets_its_broken_pod_anew():
    changed = part(PLACEMENT, cause(PLACEMENT, "image_not_found"), obj=control_object(PLACEMENT, image="dapr:none"))
    released = {(PLACEMENT.kind, PLACEMENT.workload): control_object(PLACEMENT)}
    assert [what for what, _kind, _name in done(found((PLACEMENT, changed), release=released))] == [actions.RESTORE, actions.RECREATE]


def test_an_image_that_does_not_exist_needs_a_person():
    broken = part(OPERATOR, cause(OPERATOR, "image_not_found", hint="Push it."))
    plan = make_plan(found((OPERATOR, broken), release={(OPERATOR.kind, OPERATOR.workload): control_object(OPERATOR)}), False)
    assert plan.actions == () and [(problem.cause, problem.next_step) for problem in plan.problems] == [("image_not_found", "Push it.")]


def test_a_scheduler_whose_data_is_lost_needs_a_person():
    lost = part(SCHEDULER, cause(SCHEDULER, "crash", log="etcd: member 1f has already been bootstrapped"))
    plan = make_plan(found((SCHEDULER, lost)), False)
    assert plan.actions == () and plan.problems[0].cause == "scheduler_data_lost" and "kubectl delete pvc,pod" in plan.problems[0].next_step


def test_a_part_with_a_certificate_of_the_former_authority_is_restarted():
    stale = part(OPERATOR, stale=(control_pod(OPERATOR),))
    assert done(found((OPERATOR, stale))) == [(actions.RESTART, "Deployment", "dapr-operator")]


def test_missing_objects_come_first():
    gone = part(PLACEMENT, obj=None, pods=[])
    observed = found((PLACEMENT, gone), (OPERATOR, conflict(OPERATOR)), missing=(control_object(PLACEMENT),))
    assert done(observed) == [(actions.CREATE, "StatefulSet", "dapr-placement-server"), (actions.RECREATE, "Pod", "dapr-operator-0")]


def test_a_part_that_is_missing_without_a_release_is_reported():
    plan = make_plan(found((PLACEMENT, part(PLACEMENT, obj=None, pods=[]))), False)
    assert plan.actions == () and plan.problems[0].name == "dapr-placement-server" and "helm upgrade --install" in plan.problems[0].next_step


def test_a_scheduler_may_be_left_out():
    assert make_plan(found((SCHEDULER, part(SCHEDULER, obj=None, pods=[]))), False).is_healthy


def test_a_webhook_that_was_deleted_comes_back_with_its_authority():
    plan = make_plan(found(webhook=None, missing=(webhook(),)), False)
    assert [(action.what, action.name) for action in plan.actions] == [(actions.CREATE, WEBHOOK)]
    assert base64.b64decode(plan.actions[0].body["webhooks"][0]["clientConfig"]["caBundle"]).decode() == CA.anchors


def test_a_webhook_without_an_authority_gets_the_present_anchors():
    plan = make_plan(found(webhook=webhook()), False)
    assert [(action.what, action.cause) for action in plan.actions] == [(actions.TRUST, "webhook_ca")]
    assert base64.b64decode(plan.actions[0].body[0]["value"]).decode() == CA.anchors


def test_a_service_that_leads_nowhere_needs_a_person():
    assert [problem.cause for problem in make_plan(found(endpoints=0), False).problems] == ["no_endpoints"]


READERS = ["dapr-operator", "dapr-placement-server", "dapr-sidecar-injector", "dapr-scheduler-server"]


def test_a_configmap_unlike_its_secret_is_repaired_from_it_and_all_that_read_it_are_restarted():
    for told in (CA, OTHER_CA):
        plan = make_plan(found(configmap=OTHER_CA.configmap(), webhook=webhook(told.anchors)), False)
        first, *others = plan.actions
        assert (first.what, first.kind, first.body) == (actions.PUBLISH_ANCHORS, "ConfigMap", {"data": {"ca.crt": CA.anchors}})
        assert [(action.what, action.name, action.cause) for action in others] == [(actions.RESTART, name, "wrong_anchors") for name in READERS]


def test_an_empty_configmap_told_nobody_anything_wrong():
    assert done(found(configmap={"metadata": {}, "data": {}})) == [(actions.PUBLISH_ANCHORS, "ConfigMap", TRUST_BUNDLE)]


def test_what_told_the_api_server_wrong_anchors_is_restarted():
    assert [name for _what, _kind, name in done(found(webhook=webhook(OTHER_CA.anchors)))] == READERS


def test_only_the_parts_that_trust_by_former_anchors_are_restarted_and_sidecars_may_connect_again():
    sick = pod(ready=False)
    unready = (Ailment(sick, UNREADY, "dapr is not ready: [placement-client]"),)
    plan = make_plan(found((PLACEMENT, part(PLACEMENT, misled=(control_pod(PLACEMENT),))), pods=(sick,), ailments=unready), False)
    assert [(action.what, action.name) for action in plan.actions] == [(actions.RESTART, "dapr-placement-server")]
    assert "dapr-placement-server-0 has taken over anchors" in plan.actions[0].evidence and plan.reconnecting == (sick["metadata"]["uid"],)
    alone = make_plan(found(pods=(sick,), ailments=unready), False)
    assert [action.what for action in alone.actions] == [actions.ROLL] and alone.reconnecting == ()


@pytest.mark.parametrize(("age", "restarts"), [(600, 4), (3650, 0), (7200, 0)])
def test_an_injector_that_keeps_giving_old_anchors_is_restarted(age, restarts):
    """Pods of before the bundle's last change, or of a minute later, could not have the present anchors."""
    late = pod(age=age, anchors=OTHER_CA.anchors)
    observed = found(pods=(late,), ailments=(Ailment(late, OLD_CA, "evidence"),), written=NOW - timedelta(seconds=3700))
    whats = [action.what for action in make_plan(observed, False).actions]
    assert whats == [*[actions.RESTART] * restarts, actions.ROLL]


def test_a_configmap_that_is_missing_is_made_with_the_anchors():
    plan = make_plan(found(configmap=None), False)
    assert [(action.what, action.kind, action.body["data"]) for action in plan.actions] == [(actions.CREATE, "ConfigMap", {"ca.crt": CA.anchors})]


@pytest.mark.parametrize("secret", [None, CA.secret(issuer_key=True)])
def test_a_lost_authority_is_replaced_only_where_that_is_allowed(secret):
    observed = found((OPERATOR, conflict(OPERATOR)), secret=secret)
    refused = make_plan(observed, False)
    assert refused.actions == () and [problem.cause for problem in refused.problems] == ["ca_lost"] and "allow_new_ca=true" in str(refused.problems[0])
    whats = [action.what for action in make_plan(observed, True).actions]
    begin = [actions.CREATE] if secret is None else [actions.BACK_UP, actions.EMPTY_BUNDLE]
    assert whats == [*begin, *[actions.RESTART] * 5, actions.ROLL]


def test_an_authority_that_ran_out_stops_everything_else():
    old = Authority(days=-1)
    observed = found((SENTRY, conflict(SENTRY)), secret=old.secret(), configmap=old.configmap())
    plan = make_plan(observed, False)
    assert plan.actions == () and [problem.cause for problem in plan.problems] == ["ca_unusable"] and "ran out at" in str(plan.problems[0])


def test_the_copy_of_a_secret_is_named_by_its_version():
    old = Authority(days=-1)
    copy = make_plan(found(secret=old.secret(), configmap=old.configmap()), True).actions[0]
    assert copy.what == actions.BACK_UP and copy.body["metadata"]["name"] == f"{TRUST_BUNDLE}-before-7"
    assert copy.body["data"]["issuer.key"] == encoded("a key") and encoded("a key") not in repr(copy)


def test_an_empty_bundle_that_nobody_relied_on_is_sentry_s_to_fill():
    observed = found(secret={"metadata": {}}, configmap={"metadata": {}}, pods=(), webhook=webhook())
    assert make_plan(observed, False).is_healthy


def test_a_pod_that_waits_for_the_control_plane_is_waited_for():
    observed = found((OPERATOR, conflict(OPERATOR)), pods=(pod(ready=False),))
    plan = make_plan(observed, False)
    assert plan.applications == () and plan.awaited == (("default", "Deployment", "web"),)


def test_nodes_and_components_are_reported():
    plan = make_plan(found(bare_nodes=("minikube",), missing_components=(("default", "pubsub"),)), False)
    assert [(problem.kind, problem.cause) for problem in plan.problems] == [("Node", "node_not_ready"), ("Component", "component_missing")]
