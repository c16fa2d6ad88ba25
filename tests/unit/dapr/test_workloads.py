# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workloads without a pod, and annotations that Dapr does not read."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.model import CreationFailure
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.observe_workloads import creation_failures
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.plan import make_plan
from dapr_objects import at, dapr_state, deployment

POD_SECURITY = 'pods "web-1-" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "app" must set …)'
QUOTA = 'pods "web-1-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0'
LIMIT_RANGE = 'pods "web-1-x" is forbidden: maximum memory usage per Container is 64Mi, but limit is 256Mi'
APP_ID = 'admission webhook "sidecar-injector.dapr.io" denied the request: error creating sidecar: invalid app id: not.an.id'


class Events:
    """Answers with the events of one object."""

    def __init__(self, *messages: tuple[str, str, float]):
        self.events = [{"reason": reason, "message": text, "lastTimestamp": at(seconds), "metadata": {}} for reason, text, seconds in messages]
        self.asked: list[str] = []

    def list(self, kind: str, namespace: str, field_selector: str) -> list[dict]:
        assert (kind, namespace) == ("Event", "default")
        self.asked.append(field_selector)
        return self.events


def of_kind(kind: str, status: dict, annotated: bool = True):
    _kind, obj = deployment(kind=kind, annotated=annotated)
    obj["metadata"]["uid"], obj["status"] = "u", status
    return kind, obj


def test_a_deployment_tells_it_in_its_condition():
    failure = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": QUOTA}]
    found = creation_failures(Events(), [of_kind("Deployment", {"replicas": 0, "conditions": failure})])
    assert found == (CreationFailure("Deployment", "web", "default", QUOTA),)


@pytest.mark.parametrize(
    ("kind", "status"), [("StatefulSet", {"replicas": 0}), ("DaemonSet", {"desiredNumberScheduled": 1, "currentNumberScheduled": 0})]
)
def test_other_kinds_tell_it_in_their_last_event(kind, status):
    api = Events(("FailedCreate", "older", -50), ("FailedCreate", POD_SECURITY, -5), ("RecreatingFailedPod", "later", -1))
    assert [one.message for one in creation_failures(api, [of_kind(kind, status)])] == [POD_SECURITY]
    assert f"involvedObject.kind={kind}" in api.asked[0]


def test_complete_workloads_and_those_without_dapr_cost_no_request():
    api = Events()
    complete = [of_kind("StatefulSet", {"replicas": 1}), of_kind("DaemonSet", {"desiredNumberScheduled": 1, "currentNumberScheduled": 1})]
    assert creation_failures(api, [*complete, of_kind("StatefulSet", {"replicas": 0}, annotated=False)]) == () and api.asked == []


@pytest.mark.parametrize(
    ("message", "cause", "step"),
    [(POD_SECURITY, "pod_security", "securityContext"), (QUOTA, "quota", ""), (LIMIT_RANGE, "pod_invalid", "Correct the pod template"),
     (APP_ID, "webhook_denied", "Correct dapr.io/app-id")],
)  # fmt: skip
def test_a_workload_without_a_pod_is_reported_with_its_message(message, cause, step):
    plan = make_plan(dapr_state(pods=(), creation_failures=(CreationFailure("Deployment", "web", "default", message),)), False)
    assert not plan.is_healthy and plan.actions == ()
    problem = plan.problems[0]
    assert cause in problem.cause and message in problem.evidence and step in problem.next_step


def annotated(name: str, annotations: dict, labels: dict | None = None):
    kind, obj = deployment(name)
    obj["spec"]["template"]["metadata"] = {"annotations": annotations, "labels": labels or {}}
    return kind, obj


@pytest.mark.parametrize("key", ["daprio/enabled", "dapr.io/enable", "dapr/enabled", "dapr-io/enabled"])
def test_a_misspelt_annotation_is_noted(key):
    plan = make_plan(dapr_state(pods=(), workloads=(annotated("web", {key: "true"}),)), False)
    assert plan.is_healthy and f"does not know the annotation {key}" in plan.notes[0]


def test_a_label_instead_of_the_annotation_is_noted():
    workloads = (annotated("web", {}, {"dapr.io/enabled": "true"}), annotated("api", {"dapr.io/enabled": "true"}, {"dapr.io/enabled": "true"}))
    assert [note.partition(":")[0] for note in make_plan(dapr_state(pods=(), workloads=workloads), False).notes] == ["Deployment web in namespace default"]


def test_an_app_id_of_two_workloads_is_noted():
    both = {"dapr.io/enabled": "true", "dapr.io/app-id": "shop"}
    workloads = annotated("web", both), annotated("api", both), annotated("other", {**both, "dapr.io/app-id": "o"})
    plan = make_plan(dapr_state(pods=(), workloads=workloads), False)
    assert plan.notes == ("Deployment web and Deployment api in namespace default have the same dapr.io/app-id (shop), so calls to it reach either of them",)
