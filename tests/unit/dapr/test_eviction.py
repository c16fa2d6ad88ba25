# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An eviction honours budgets, but for a pod that serves nothing; a budget does not end the recovery."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr import apply, recover
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.actions import RECREATE_POD, Problem, RecoveryAction, RecoveryPlan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import OPERATOR
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.options import RecoveryOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.recover import Recovery, without_prevented
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.trace import ANNOTATION
from dapr_objects import NOW, SYSTEM, dapr_state, pod

BUDGET = "The disruption budget keeps-all needs 2 healthy pods and has 2 currently"


class Api:
    """A pod behind a budget. ``refusals``: how often it refuses an eviction."""

    def __init__(self, ready: bool, refusals: int = 1000, may_delete: bool = True):
        self.pod, self.refusals, self.may_delete = pod("web-0", ready=ready), refusals, may_delete
        self.evicted, self.deleted, self.patched = [], [], []

    def now(self):
        return NOW

    def evict(self, name: str, _namespace: str, uid: str) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise ApiError("Cannot evict pod", 429, "TooManyRequests", (BUDGET,))
        self.evicted.append((name, uid))

    def list(self, _kind: str, _namespace: str, field_selector: str) -> list[dict]:
        assert field_selector == "metadata.name=web-0"
        return [self.pod]

    def delete(self, _kind: str, name: str, _namespace: str, body: dict) -> None:
        self.deleted.append((name, body["preconditions"]["uid"]))

    def patch(self, kind: str, name: str, body: dict, _namespace: str, **_options) -> None:
        self.patched.append((kind, name, body["metadata"]["annotations"][ANNOTATION]))

    def can(self, *_what) -> bool:
        return self.may_delete


ACTION = RecoveryAction(RECREATE_POD, "Pod", "web-0", "default", "daprd_stuck", "no answer", workload=("StatefulSet", "web"), uid="uid-web-0")


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(apply, "EVICTION_TIMEOUT", 0)
    monkeypatch.setattr(apply, "POLL_INTERVAL", 0)


def test_an_allowed_eviction_leaves_a_trace_on_its_workload():
    api = Api(ready=True, refusals=0)
    assert apply.apply_action(api, ACTION) == ACTION and api.evicted == [("web-0", "uid-web-0")]
    assert api.patched == [("StatefulSet", "web", "daprd_stuck 2025-03-01T12:00:00+00:00")]


def test_the_trace_of_a_component_is_on_its_workload():
    api = Api(ready=True, refusals=0)
    apply.apply_action(api, replace(ACTION, workload=None, component=OPERATOR.name))
    assert api.patched[0][:2] == ("Deployment", "dapr-operator")


def test_a_pod_that_is_not_ready_is_deleted_and_that_is_said():
    api = Api(ready=False)
    done = apply.apply_action(api, ACTION)
    assert api.deleted == [("web-0", "uid-web-0")] and "Deleted instead of evicted" in done.evidence


@pytest.mark.parametrize("api", [Api(ready=True), Api(ready=False, may_delete=False)], ids=["ready", "may not delete"])
def test_a_budget_is_reported_with_its_reason(api):
    problem = apply.apply_action(api, ACTION)
    assert isinstance(problem, Problem) and problem.cause == "blocked_by_budget" and BUDGET in problem.evidence and not api.deleted


def test_the_rest_goes_on_and_the_budget_is_told_once(monkeypatch):
    other = replace(ACTION, name="db-0", uid="uid-db-0", workload=("StatefulSet", "db"))
    blocked = Problem("Pod", "web-0", "default", "blocked_by_budget", "evidence", "step")
    monkeypatch.setattr(recover, "apply_action", lambda _cluster, action: blocked if action is ACTION else action)
    waited = []
    monkeypatch.setattr(Recovery, "_wait", lambda _self, _namespace, workloads: waited.extend(one.name for one in workloads))
    monkeypatch.setattr(Recovery, "_wait_for_injection", lambda *_arguments: None)
    run = Recovery(None, RecoveryOptions(SYSTEM))
    plan = RecoveryPlan(applications=(ACTION, other))
    run._applications(dapr_state(), plan)
    assert run.done == [other] and waited == ["db"]
    again = without_prevented(plan, run.prevented)
    assert again.actions == (other,) and again.problems == (blocked,)
    assert without_prevented(plan, {}) is plan
