# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left as it is: a pod that serves while its successor cannot, a cure that did not help, and all above a layer that has failed."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr import actions, sidecars
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import OPERATOR, PLACEMENT, SENTRY
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.model import LowerLayers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecars import SidecarProblem
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.successor import scheduling_problem
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.trace import ANNOTATION, did_not_help
from dapr_objects import NOW, at, cause, component_state, control_object, control_pod, dapr_state, deployment, node, pod, status, waiting, webhook

SET = {"owner": ("StatefulSet", "web")}
TAINT = {"key": "disk", "value": "full", "effect": "NoSchedule"}


def missing_sidecar(one: dict) -> SidecarProblem:
    return SidecarProblem(one, sidecars.SIDECAR_MISSING, "it has no daprd container")


def planned(*problems: SidecarProblem, others: tuple[dict, ...] = (), **fields):
    pods = (*(problem.pod for problem in problems), *others)
    return make_plan(dapr_state(pods=pods, sidecar_problems=problems, **fields), False)


def traced(kind: str = "Deployment", category: str = sidecars.SIDECAR_MISSING, seconds: float = -30):
    _kind, obj = deployment(kind=kind)
    obj["metadata"]["annotations"] = {ANNOTATION: f"{category} {at(seconds)}"}
    return kind, obj


@pytest.mark.parametrize("nodes", [(node(cordoned=True),), (node("a", cordoned=True), node("b", ready=False))])
@pytest.mark.parametrize("owner", [("ReplicaSet", "web-1"), SET["owner"]])
def test_a_pod_that_serves_is_left_if_its_successor_cannot_be_scheduled(owner, nodes):
    serving = pod("web-0", owner=owner, sidecar=False)
    plan = planned(missing_sidecar(serving), workloads=(deployment(kind="StatefulSet"), deployment()), lower=LowerLayers(nodes))
    left = [problem for problem in plan.problems if problem.kind == "Pod"]
    assert plan.actions == () and "it serves, and its successor could not be scheduled" in left[0].evidence and "kubectl uncordon" in left[0].next_step


def test_a_pod_that_does_not_serve_is_recreated_in_any_case():
    stuck = SidecarProblem(pod(ready=False), sidecars.DAPRD_STUCK, "no answer")
    plan = planned(stuck, lower=LowerLayers((node(cordoned=True),)))
    assert [action.operation for action in plan.actions] == [actions.ROLLING_RESTART]


@pytest.mark.parametrize(
    ("one", "spec", "takes"),
    [(node(), {}, True), (node(taints=[TAINT]), {}, False), (node(taints=[TAINT]), {"tolerations": [{"key": "disk", "operator": "Exists"}]}, True),
     (node(taints=[TAINT]), {"tolerations": [{"key": "disk", "value": "full", "effect": "NoSchedule"}]}, True),
     (node(taints=[TAINT]), {"tolerations": [{"key": "disk", "value": "slow"}]}, False),
     (node(taints=[TAINT]), {"tolerations": [{"operator": "Exists"}]}, True),
     (node(taints=[{**TAINT, "effect": "PreferNoSchedule"}]), {}, True), (node(), {"nodeSelector": {"disk": "ssd"}}, False)],
)  # fmt: skip
def test_which_node_takes_a_pod(one, spec, takes):
    subject = pod()
    subject["spec"].update(spec)
    assert (scheduling_problem(subject, LowerLayers((one,))) == ("", "")) is takes
    assert scheduling_problem(subject, LowerLayers(None)) == ("", "")


def test_the_serving_pods_of_a_rollout_that_hangs_are_left():
    """Which would take away what still serves, and the next run the rest."""
    old, new = pod("web-1-a", sidecar=False), pod("web-2-b", owner=("ReplicaSet", "web-2"), ready=False)
    new["metadata"]["labels"]["pod-template-hash"] = "2"
    plan = planned(missing_sidecar(old), others=(new,))
    assert plan.actions == () and "while the rollout of Deployment web is not complete (web-2-b is not ready)" in plan.problems[0].evidence


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_a_cure_that_did_not_help_is_not_repeated(kind):
    owner = ("ReplicaSet", "web-1") if kind == "Deployment" else (kind, "web")
    successor = missing_sidecar(pod("web-0", owner=owner, sidecar=False, age=20))
    plan = planned(successor, workloads=(traced(kind),))
    assert plan.actions == () and "for this cause already, which did not help" in plan.problems[0].evidence
    assert planned(successor, workloads=(deployment(kind=kind),)).actions != ()


@pytest.mark.parametrize(
    ("subject", "annotation", "helped"),
    [(pod(age=20), f"sidecar_missing {at(-30)}", False), (pod(age=40), f"sidecar_missing {at(-30)}", True), (pod(age=20), f"daprd_stuck {at(-30)}", True),
     (pod(age=20), f"sidecar_missing {at(-3000)}", True), (pod(age=20), "sidecar_missing whenever", True), (pod(age=20), "", True)],
)  # fmt: skip
def test_the_trace_counts_for_the_pods_that_the_cure_created(subject, annotation, helped):
    workload = {"metadata": {"annotations": {ANNOTATION: annotation}}}
    assert did_not_help(workload, subject, sidecars.SIDECAR_MISSING) is not helped


@pytest.mark.parametrize(("lost", "helped"), [(-60, True), (-450, False)], ids=["was ready for minutes", "was ready for a moment"])
def test_a_pod_that_got_ready_after_the_cure_and_broke_later_is_cured_again(lost, helped):
    later = pod(ready=False, age=500, daprd=status("daprd", waiting("CrashLoopBackOff")))
    later["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": at(lost)}]
    assert did_not_help(traced(seconds=-510, category=sidecars.DAPRD_STUCK)[1], later, sidecars.DAPRD_STUCK) is not helped


@pytest.mark.parametrize(("changed", "cured"), [(-10, True), (-100, False)])
def test_anchors_that_were_changed_after_the_cure_are_cured_again(changed, cured):
    outdated = SidecarProblem(pod(age=20), sidecars.OLD_CA, "its trust anchors are old")
    plan = planned(outdated, workloads=(traced(category=sidecars.OLD_CA),), bundle_changed=NOW + timedelta(seconds=changed))
    assert bool(plan.actions) is cured and bool(plan.problems) is not cured


def test_serving_pods_of_a_statefulset_are_recreated_one_after_the_other_and_last():
    serving, stuck = pod("web-0", **SET, sidecar=False), pod("web-1", **SET, ready=False)
    problems = missing_sidecar(serving), SidecarProblem(stuck, sidecars.DAPRD_STUCK, "no answer")
    plan = planned(*problems, others=(pod("web-2", **SET),), workloads=(deployment(kind="StatefulSet"),))
    assert [(action.name, action.serving) for action in plan.actions] == [("web-1", False), ("web-0", True)]


def crashed(seconds: float) -> SidecarProblem:
    ended = {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": at(seconds)}}
    one = pod(ready=False, daprd=status("daprd", waiting("CrashLoopBackOff"), restarts=4, last=ended))
    return SidecarProblem(one, sidecars.DAPRD_CRASHED, "dial tcp: i/o timeout")


@pytest.mark.parametrize(("seconds", "reported"), [(-10, True), (-200, False)])
def test_a_sidecar_that_does_not_reach_a_ready_control_plane_is_reported(seconds, reported):
    observed = dapr_state(pods=(crashed(seconds).pod,), sidecar_problems=(crashed(seconds),))
    for component in observed.components.values():
        component.pods[0]["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": at(-100)}]
    plan = make_plan(observed, False)
    assert bool(plan.actions) is not reported and ["networkpolicies" in problem.next_step for problem in plan.problems] == [True] * reported
    failed = replace(observed, components={**observed.components, SENTRY.name: component_state(SENTRY, cause(SENTRY, "name_conflict"))})
    assert actions.ROLLING_RESTART in [action.operation for action in make_plan(failed, False).actions]


@pytest.mark.parametrize(
    ("lower", "named"), [(LowerLayers((node(),), dns_down=True), "kube-dns"), (LowerLayers((node(ready=False),)), "minikube")], ids=["dns", "node"]
)
def test_a_failure_below_dapr_is_named_and_nothing_is_restarted_for_it(lower, named):
    broken = component_state(OPERATOR, cause(OPERATOR, "probe_fails"))
    observed = dapr_state((OPERATOR, broken), lower=lower, drift=[(control_object(PLACEMENT), "the image")], sidecar_problems=(missing_sidecar(pod()),))
    plan = make_plan(observed, False)
    assert [action.operation for action in plan.actions] == [actions.RESTORE] and plan.is_held and plan.awaited == ()
    assert plan.problems[0].name == named and not plan.is_healthy
    assert any(note.startswith("Postponed until") and "recreate Pod dapr-operator-0" in note for note in plan.notes)
    assert any(action.operation == actions.RECREATE_POD for action in make_plan(replace(observed, lower=LowerLayers((node(),))), False).actions)


def test_one_node_of_two_that_is_not_ready_is_only_reported():
    broken = component_state(OPERATOR, cause(OPERATOR, "probe_fails"))
    plan = make_plan(dapr_state((OPERATOR, broken), lower=LowerLayers((node(), node("other", ready=False)))), False)
    assert [action.operation for action in plan.actions] == [actions.RECREATE_POD] and [problem.name for problem in plan.problems] == ["other"]


def test_the_result_of_a_plan_is_independent_of_the_observed_objects():
    observed = dapr_state(pods=(pod(),), sidecar_problems=(missing_sidecar(pod()),))
    before = copy.deepcopy(observed.workloads)
    make_plan(observed, False)
    assert observed.workloads == before


@pytest.mark.parametrize("where", ["webhook", "sentry"])
def test_another_installation_is_told_and_nothing_is_changed(where):
    other = webhook()
    other["metadata"]["annotations"] = {"meta.helm.sh/release-namespace": "elsewhere"}
    fields = {"webhook": other} if where == "webhook" else {"workloads": (deployment("dapr-sentry", namespace="elsewhere", annotated=False),)}
    plan = make_plan(dapr_state(sidecar_problems=(missing_sidecar(pod()),), **fields), False)
    assert plan.actions == () and [(problem.name, problem.cause) for problem in plan.problems] == [("elsewhere", "two_installations")]
    other["metadata"]["annotations"] = {"meta.helm.sh/release-namespace": "dapr-system"}
    same = {"webhook": other} if where == "webhook" else {"workloads": (deployment("dapr-sentry", namespace="dapr-system", annotated=False),)}
    assert "two_installations" not in [problem.cause for problem in make_plan(dapr_state(**same), False).problems]


def test_a_pod_that_a_finalizer_keeps_is_named():
    kept = control_pod(PLACEMENT)
    kept["metadata"].update(deletionTimestamp=at(-60), finalizers=["example.org/keep"])
    plan = make_plan(dapr_state((PLACEMENT, component_state(PLACEMENT, pods=[kept], state="failed"))), False)
    assert plan.actions == () and "example.org/keep" in plan.problems[0].evidence and "kubectl patch pod dapr-placement-server-0" in plan.problems[0].next_step
