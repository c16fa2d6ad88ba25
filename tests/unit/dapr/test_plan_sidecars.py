# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan for the applications' pods: recreate a single broken one, restart the workload if all are."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr import actions, sidecars
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import INJECTOR
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecars import SidecarProblem
from dapr_objects import cause, component_state, dapr_state, deployment, pod


def observed(*pods, category=sidecars.SIDECAR_MISSING, unhealthy=None, **fields):
    """Pods of which the first ``unhealthy`` (by default all) have the problem."""
    count = len(pods) if unhealthy is None else unhealthy
    return dapr_state(pods=pods, sidecar_problems=tuple(SidecarProblem(one, category, "evidence", "do this") for one in pods[:count]), **fields)


def planned(*arguments, **fields):
    return [(action.operation, action.kind, action.name) for action in make_plan(observed(*arguments, **fields), False).actions]


TWO = (pod("web-1-a"), pod("web-1-b"))
SET = {"owner": ("StatefulSet", "web")}
IN_TURN = (pod("web-0", **SET), pod("web-1", **SET))


def test_workload_with_only_unhealthy_pods_is_restarted():
    assert planned(*TWO) == [(actions.ROLLING_RESTART, "Deployment", "web")]


def test_one_pod_of_two_that_serves_without_a_sidecar_is_replaced_by_a_restart():
    """Which starts the new pod before it ends the old one."""
    plan = make_plan(observed(*TWO, unhealthy=1), False)
    assert [(action.operation, action.name, action.evidence) for action in plan.actions] == [(actions.ROLLING_RESTART, "web", "evidence (web-1-a)")]


def test_one_pod_of_two_that_does_not_serve_is_recreated():
    plan = make_plan(observed(pod("web-1-a", ready=False), pod("web-1-b"), category=sidecars.DAPRD_STUCK, unhealthy=1), False)
    assert [(action.operation, action.name, action.uid, action.workload) for action in plan.actions] == [
        (actions.RECREATE_POD, "web-1-a", "uid-web-1-a", ("Deployment", "web"))
    ]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_other_kinds_are_restarted_too(kind):
    pods = (pod("web-0", owner=(kind, "web")), pod("web-1", owner=(kind, "web")))
    assert planned(*pods, workloads=(deployment(kind=kind),)) == [(actions.ROLLING_RESTART, kind, "web")]


@pytest.mark.parametrize("strategy", [{"type": "OnDelete"}, {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}])
def test_pods_are_recreated_if_the_strategy_does_not_replace_all(strategy):
    planned_actions = planned(*IN_TURN, workloads=(deployment(kind="StatefulSet", updateStrategy=strategy),))
    assert planned_actions == [(actions.RECREATE_POD, "Pod", "web-0"), (actions.RECREATE_POD, "Pod", "web-1")]


def test_pods_of_a_statefulset_that_are_not_ready_are_recreated():
    pods = (pod("web-0", **SET, ready=False), pod("web-1", **SET, ready=False))
    planned_actions = planned(*pods, category=sidecars.DAPRD_STUCK, workloads=(deployment(kind="StatefulSet"),))
    assert [operation for operation, _kind, _name in planned_actions] == [actions.RECREATE_POD] * 2


def test_pods_of_a_paused_deployment_are_recreated():
    assert planned(pod(), workloads=(deployment(paused=True),)) == [(actions.RECREATE_POD, "Pod", "web-1-a")]


def test_pods_of_a_bare_replicaset_are_recreated():
    plan = make_plan(observed(pod("alone-a", owner=("ReplicaSet", "alone"))), False)
    assert [(action.operation, action.workload) for action in plan.actions] == [(actions.RECREATE_POD, None)]


@pytest.mark.parametrize(("owner", "word"), [(None, "bare pod"), (("Job", "once"), "Job once"), (("Widget", "w"), "Widget w")])
def test_pods_that_no_controller_recreates_are_reported_and_never_deleted(owner, word):
    plan = make_plan(observed(pod("lonely", owner=owner)), False)
    assert plan.actions == () and [(problem.name, problem.cause) for problem in plan.problems] == [("lonely", sidecars.SIDECAR_MISSING)]
    assert word in plan.problems[0].evidence


@pytest.mark.parametrize("category", sidecars.MANUAL)
def test_what_a_restart_does_not_fix_is_reported(category):
    plan = make_plan(observed(pod(), category=category), False)
    assert plan.actions == () and [(problem.cause, problem.next_step) for problem in plan.problems] == [(category, "do this")]


def test_pod_that_waits_for_something_else_is_a_note():
    plan = make_plan(observed(pod(), category=sidecars.INIT_WAITING), False)
    assert plan.is_healthy and "it waits for something else" in plan.notes[0]


def test_annotation_on_the_workload_itself_is_reported():
    kind, obj = deployment(annotated=False)
    obj["metadata"]["annotations"] = {"dapr.io/enabled": "true"}
    plan = make_plan(dapr_state(pods=(), workloads=((kind, obj),)), False)
    assert [problem.cause for problem in plan.problems] == ["annotation_misplaced"]


def test_applications_are_postponed_while_the_control_plane_needs_manual_action():
    broken = component_state(INJECTOR, cause(INJECTOR, "image_not_found"))
    plan = make_plan(dapr_state((INJECTOR, broken), sidecar_problems=(SidecarProblem(pod(), sidecars.SIDECAR_MISSING, "evidence"),)), False)
    assert plan.actions == () and [problem.name for problem in plan.problems] == ["dapr-sidecar-injector"]
    assert plan.notes[0].startswith("Postponed until the control plane is healthy: perform a rolling restart of Deployment web")


def test_applications_without_dapr_are_never_changed():
    assert make_plan(dapr_state(pods=(), workloads=(deployment("other", annotated=False),)), False).is_healthy
