# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a Service has no ready endpoint, and why its ports do not answer."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.model import EXTERNAL, IN_CLUSTER, NO_ENDPOINTS, NODE_PORT, READY, Answer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.problems import answer_problems, status_of
from endpoint_objects import deployment, endpoint_slice, observed, service, web_pod
from workload_objects import container_status, terminated, waiting


def problem_of(made: dict, **objects) -> tuple[str, str, str]:
    """Category, message and hint of the only problem of a Service."""
    status = status_of(made, observed(made, **objects))
    assert status.state == NO_ENDPOINTS or made["spec"]["type"] == "ExternalName"
    (problem,) = status.problems
    return problem.category, problem.summary, problem.hint


@pytest.mark.parametrize(("made", "slices", "pods"), [
    (service(), [endpoint_slice()], [web_pod()]),
    (service(clusterIP="None"), [endpoint_slice()], [web_pod()]),
    (service(clusterIP="None", ports=None), [endpoint_slice(ports=())], [web_pod()]),
    (service(selector=None), [endpoint_slice(target="")], []),  # endpoints that something else has made, as those of Service kubernetes
    (service(publishNotReadyAddresses=True), [endpoint_slice()], [web_pod(ready=False)]),
    (service(), [endpoint_slice(ready=None)], [web_pod()]),  # null means ready
    (service(), [endpoint_slice(), endpoint_slice(ready=False, address="10.244.0.6")], [web_pod(), web_pod("web-2", ready=False)]),
])  # fmt: skip
def test_a_service_with_a_ready_endpoint_has_no_problem(made, slices, pods):
    status = status_of(made, observed(made, slices=slices, pods=pods))
    assert (status.state, status.problems) == (READY, ())


def test_headless_service_is_noted():
    status = status_of(service(clusterIP="None"), observed(slices=[endpoint_slice()], pods=[web_pod()]))
    assert "is headless" in status.notes[0]


def test_nearest_labels_are_named():
    made = service(selector={"app": "wbe", "tier": "front"})
    category, message, hint = problem_of(made, pods=[web_pod()], deployments=[deployment("other"), deployment("web", {"app": "web", "tier": "front"})])
    assert category == "selector_matches_no_pod"
    assert message.endswith("its selector app=wbe,tier=front matches no pod in namespace default; the nearest labels are app=web,tier=front of "
                            "Deployment web; other namespaces could not be searched, as listing their pods is not allowed.")  # fmt: skip
    assert hint.startswith("Correct spec.selector")


def test_labels_that_are_not_near_are_not_named():
    _category, message, hint = problem_of(service(selector={"app": "web"}), pods=[web_pod(labels={"component": "database"})], elsewhere=[])
    assert message.endswith("matches no pod in namespace default.") and hint.startswith("Create the pods")


def test_pods_of_another_namespace_are_named():
    elsewhere = [{"name": "web-1", "namespace": "shop", "labels": {"app": "web"}}, {"name": "x", "namespace": "other", "labels": {"app": "x"}}]
    category, message, hint = problem_of(service(), elsewhere=elsewhere)
    assert category == "another_namespace" and message.endswith("matches no pod in namespace default, but pods in namespace shop.")
    assert "its own namespace only" in hint


def test_workload_that_is_scaled_to_zero():
    category, message, hint = problem_of(service(), deployments=[deployment(replicas=0)])
    assert category == "scaled_to_zero" and "because Deployment web, whose pods it selects, is scaled to zero." in message
    assert "kubectl scale deployment/web --replicas=1" in hint


def test_workload_whose_pods_cannot_be_created():
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "lastTransitionTime": "2025-03-01T12:00:00Z",
               "message": 'pods "web-" is forbidden: exceeded quota: small'}  # fmt: skip
    category, message, hint = problem_of(service(), deployments=[deployment(conditions=[failure])])
    assert category == "pods_not_created" and "Deployment web, whose pods it selects, has none" in message and hint


def test_pods_that_are_not_ready_have_their_cause():
    status = container_status(state=waiting("CrashLoopBackOff"), last=terminated("Error", 1), restarts=4)
    category, message, hint = problem_of(service(), pods=[web_pod(ready=False, status=status)], slices=[endpoint_slice(ready=False)])
    assert category == "pods_not_ready"
    assert "because its pod web-1 is not ready: container app of pod web-1 keeps crashing (CrashLoopBackOff" in message
    assert "exit code 1, 4 restarts" in message and "kubectl logs --previous" in hint


def test_several_pods_with_the_same_cause_are_counted():
    pods = [web_pod(f"web-{number}", ready=False) for number in (1, 2)]
    _category, message, _hint = problem_of(service(), pods=pods, slices=[endpoint_slice(ready=False)])
    assert "none of its 2 pods is ready: container app of pod web-1 (and 1 more) is running but does not become ready" in message


def test_pods_that_have_ended():
    ended = web_pod(ready=False)
    ended["status"]["phase"] = "Succeeded"
    category, message, _hint = problem_of(service(), pods=[ended])
    assert category == "pods_ended" and "web-1 succeeded" in message


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_target_port_that_no_container_has(protocol):
    target = "https" if protocol == "TCP" else "http"  # the name exists, for another protocol
    made = service(ports=[{"port": 80, "targetPort": target, "protocol": protocol}])
    category, message, hint = problem_of(made, pods=[web_pod()], slices=[endpoint_slice(ports=())])
    assert category == "target_port_not_found"
    assert f"no container of its pods has a port named {target} ({protocol}); they declare 8080 (http) of app." in message and "targetPort" in hint


def test_only_the_port_without_endpoints_is_named():
    ports = [{"name": "web", "port": 80, "targetPort": "http"}, {"name": "metrics", "port": 9090, "targetPort": "metrics"}]
    _category, message, _hint = problem_of(service(ports=ports), pods=[web_pod()], slices=[endpoint_slice(ports=[{"name": "web", "port": 8080}])])
    assert "has no ready endpoint for port 9090, because" in message


def test_service_without_a_selector_and_endpoints():
    assert problem_of(service(selector=None), pods=[web_pod()])[0] == "no_selector"


def test_ready_pods_that_no_slice_has():
    assert problem_of(service(), pods=[web_pod()])[0] == "endpoints_outdated"


@pytest.mark.parametrize(("target", "category"), [
    ("192.0.2.1", "external_name_is_address"), ("2001:db8::1", "external_name_is_address"),
    ("gone.default.svc.cluster.local", "external_name_not_found"), ("web.default.svc.cluster.local", ""), ("db.example.org", ""),
    ("gone.other.svc.cluster.local", ""),  # of another namespace, which was not read
])  # fmt: skip
def test_external_name(target, category):
    made = service("alias", type="ExternalName", externalName=target, selector=None)
    status = status_of(made, observed(made, service()))
    assert status.state == EXTERNAL and [problem.category for problem in status.problems] == ([category] if category else [])


@pytest.mark.parametrize(("inside", "outside", "category"), [
    (True, True, ""), (False, False, "target_port_not_listening"), (True, False, "node_port_unreachable"), (None, False, "node_port_unreachable"),
])  # fmt: skip
def test_answers(inside, outside, category):
    made = service(type="NodePort", ports=[{"port": 80, "targetPort": 9999, "nodePort": 30080}])
    status = status_of(made, observed(made, pods=[web_pod()], slices=[endpoint_slice(ports=[{"port": 9999}])]))
    answers = [Answer(where, "url", answer, detail="" if answer else "connection refused")
               for where, answer in ((IN_CLUSTER, inside), (NODE_PORT, outside)) if answer is not None]  # fmt: skip
    problems = answer_problems(status, {80: tuple(answers)}, [web_pod()], "192.0.2.2")
    assert [problem.category for problem in problems] == ([category] if category else [])
    assert all("connection refused" in problem.summary for problem in problems)
