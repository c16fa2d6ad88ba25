# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done about the applications' pods: one where one is broken, the workload where all are."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr import actions, sidecars
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import INJECTOR
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import Ailment
from dapr_objects import cause, deployment, found, part, pod


def observed(*pods, what=sidecars.MISSING, sick=None, **fields):
    """Pods of which the first ``sick`` (by default all) have the ailment."""
    count = len(pods) if sick is None else sick
    return found(pods=pods, ailments=tuple(Ailment(one, what, "evidence", "do this") for one in pods[:count]), **fields)


def done(*arguments, **fields):
    return [(action.what, action.kind, action.name) for action in make_plan(observed(*arguments, **fields), False).actions]


TWO = (pod("web-1-a"), pod("web-1-b"))
SET = {"owner": ("StatefulSet", "web")}
IN_TURN = (pod("web-0", **SET), pod("web-1", **SET))


def test_a_workload_all_of_whose_pods_are_sick_is_rolled():
    assert done(*TWO) == [(actions.ROLL, "Deployment", "web")]


def test_one_sick_pod_of_two_is_made_anew():
    plan = make_plan(observed(*TWO, sick=1), False)
    assert [(action.what, action.name, action.uid, action.workload) for action in plan.actions] == [
        (actions.RECREATE, "web-1-a", "uid-web-1-a", ("Deployment", "web"))
    ]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_the_other_kinds_are_rolled_too(kind):
    pods = (pod("web-0", owner=(kind, "web")), pod("web-1", owner=(kind, "web")))
    assert done(*pods, workloads=(deployment(kind=kind),)) == [(actions.ROLL, kind, "web")]


@pytest.mark.parametrize("strategy", [{"type": "OnDelete"}, {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}])
def test_a_set_whose_strategy_replaces_not_all_gets_its_pods_anew(strategy):
    whats = done(*IN_TURN, workloads=(deployment(kind="StatefulSet", updateStrategy=strategy),))
    assert whats == [(actions.RECREATE, "Pod", "web-0"), (actions.RECREATE, "Pod", "web-1")]


def test_a_set_with_a_pod_that_is_not_ready_gets_its_pods_anew():
    pods = (pod("web-0", **SET, ready=False), pod("web-1", **SET, ready=False))
    assert [what for what, _kind, _name in done(*pods, what=sidecars.STUCK, workloads=(deployment(kind="StatefulSet"),))] == [actions.RECREATE] * 2


def test_a_paused_deployment_gets_its_pods_anew():
    assert done(pod(), workloads=(deployment(paused=True),)) == [(actions.RECREATE, "Pod", "web-1-a")]


def test_a_replica_set_of_its_own_gets_its_pods_anew():
    plan = make_plan(observed(pod("alone-a", owner=("ReplicaSet", "alone"))), False)
    assert [(action.what, action.workload) for action in plan.actions] == [(actions.RECREATE, None)]


@pytest.mark.parametrize(("owner", "word"), [(None, "bare pod"), (("Job", "once"), "Job once"), (("Widget", "w"), "Widget w")])
def test_what_nobody_makes_anew_is_reported_and_never_deleted(owner, word):
    plan = make_plan(observed(pod("lonely", owner=owner)), False)
    assert plan.actions == () and [(problem.name, problem.cause) for problem in plan.problems] == [("lonely", sidecars.MISSING)]
    assert word in plan.problems[0].evidence


@pytest.mark.parametrize("what", sidecars.BY_PERSON)
def test_what_a_restart_does_not_cure_is_reported(what):
    plan = make_plan(observed(pod(), what=what), False)
    assert plan.actions == () and [(problem.cause, problem.next_step) for problem in plan.problems] == [(what, "do this")]


def test_a_pod_that_waits_for_something_else_is_a_note():
    plan = make_plan(observed(pod(), what=sidecars.WAITS), False)
    assert plan.is_healthy and "it waits for something else" in plan.notes[0]


def test_an_annotation_on_the_workload_itself_is_reported():
    kind, obj = deployment(asks=False)
    obj["metadata"]["annotations"] = {"dapr.io/enabled": "true"}
    plan = make_plan(found(pods=(), workloads=((kind, obj),)), False)
    assert [problem.cause for problem in plan.problems] == ["annotation_misplaced"]


def test_applications_are_left_while_the_control_plane_needs_a_person():
    broken = part(INJECTOR, cause(INJECTOR, "image_not_found"))
    plan = make_plan(found((INJECTOR, broken), ailments=(Ailment(pod(), sidecars.MISSING, "evidence"),)), False)
    assert plan.actions == () and [problem.name for problem in plan.problems] == ["dapr-sidecar-injector"]
    assert plan.notes[0].startswith("Left until the control plane serves: roll Deployment web")


def test_applications_without_dapr_are_never_touched():
    assert make_plan(found(pods=(), workloads=(deployment("other", asks=False),)), False).is_healthy
