# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why Services have no ready endpoint: each cause made for real, and none found on the healthy application."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from harness import LONG, TestCluster
from modules import run_module, run_task

pytestmark = pytest.mark.phase("beside", "services")
NAMESPACE = f"runbook-test-services-{uuid.uuid4().hex[:6]}"
HTTPD = ["sh", "-c", "mkdir -p /www && echo healthy > /www/index.html && exec httpd -f -p 8080 -h /www"]
RUNS = 20 if LONG else 3  # on the healthy application

# The spec of each Service, with the category of its problem, and words of the message.
SERVICES = {
    "works": ({"selector": {"app": "web"}, "type": "NodePort", "ports": [{"port": 80, "targetPort": "http"}]}, "", ""),
    "headless": ({"selector": {"app": "web"}, "clusterIP": "None", "ports": [{"port": 8080}]}, "", ""),
    "alias": ({"type": "ExternalName", "externalName": f"works.{NAMESPACE}.svc.cluster.local"}, "", ""),
    "mistyped": ({"selector": {"app": "wbe"}, "ports": [{"port": 80}]}, "selector_matches_no_pod", "the nearest labels are app=web of Deployment web"),
    "elsewhere": ({"selector": {"app.kubernetes.io/name": "frontend"}, "ports": [{"port": 80}]}, "another_namespace", "but pods in namespace default"),
    "crashing": ({"selector": {"app": "crashing"}, "ports": [{"port": 80}]}, "pods_not_ready", "CrashLoopBackOff"),
    "scaled": ({"selector": {"app": "scaled"}, "ports": [{"port": 80}]}, "scaled_to_zero", "Deployment scaled, whose pods it selects, is scaled to zero"),
    "refused": ({"selector": {"app": "refused"}, "ports": [{"port": 80}]}, "pods_not_created", "ServiceAccount does not exist"),
    "ended": ({"selector": {"app": "ended"}, "ports": [{"port": 80}]}, "pods_ended", "ended succeeded"),
    "by-name": ({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "htpp"}]}, "target_port_not_found", "they declare 8080 (http) of app"),
    "by-number": ({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8081}]}, "target_port_not_listening", "connection refused"),
    "unselective": ({"ports": [{"port": 80}]}, "no_selector", "it has no selector"),
    "address": ({"type": "ExternalName", "externalName": "192.0.2.1"}, "external_name_is_address", "an IP address"),
    "dangling": ({"type": "ExternalName", "externalName": f"gone.{NAMESPACE}.svc.cluster.local"}, "external_name_not_found", "gone does not exist"),
}


def deployment(name: str, image: str, command: list[str], replicas: int = 1, **pod) -> dict:
    probe = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1}
    container = {"name": "app", "image": image, "imagePullPolicy": "IfNotPresent", "command": command,
                 "ports": [{"name": "http", "containerPort": 8080}], "readinessProbe": probe}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **pod}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def services(cluster, busybox_image) -> Iterator[TestCluster]:
    """A namespace with all of the Services, and the pods that they need."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    workloads = [
        deployment("web", busybox_image, HTTPD), deployment("crashing", busybox_image, ["false"]), deployment("scaled", busybox_image, HTTPD, 0),
        deployment("refused", busybox_image, HTTPD, serviceAccountName="missing"),
    ]
    spec = {"restartPolicy": "Never", "containers": [{"name": "app", "image": busybox_image, "imagePullPolicy": "IfNotPresent", "command": ["true"]}]}
    workloads.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ended", "labels": {"app": "ended"}}, "spec": spec})
    listed = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec} for name, (spec, *_expected) in SERVICES.items()]
    cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [*workloads, *listed]}))
    cluster.kubectl("rollout", "status", "deployment/web", "-n", NAMESPACE, "--timeout=300s")
    cluster.kubectl("wait", "pod/ended", "-n", NAMESPACE, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=300s")
    waiting = "jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff"
    cluster.kubectl("wait", "pod", "-l", "app=crashing", "-n", NAMESPACE, f"--for={waiting}", "--timeout=300s")
    yield cluster
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def info(cluster: TestCluster, **options) -> dict:
    return run_module("service_endpoints_info", kubeconfig=str(cluster.kubeconfig), context=cluster.profile, **options)


def node_address(cluster: TestCluster) -> str:
    return next(one["address"] for one in cluster.objects("nodes")[0]["status"]["addresses"] if one["type"] == "InternalIP")


def test_each_cause_is_named(services):
    result = info(services, namespace=NAMESPACE, node_address=node_address(services))
    assert not result["failed"] and not result["changed"] and not result["healthy"], result
    expected = {name: category for name, (_spec, category, _words) in SERVICES.items() if category}
    assert {one["service"]: one["category"] for one in result["problems"]} == expected
    messages = {one["service"]: one["message"] for one in result["problems"]}
    assert [name for name, (_spec, _category, words) in SERVICES.items() if words not in messages.get(name, "")] == [], messages
    answers = next(one for one in result["services"] if one["name"] == "works")["ports"][0]["answers"]
    assert [(one["where"], one["answers"], one["status"]) for one in answers] == [("cluster", True, 200), ("node_port", True, None)], answers


def test_a_node_port_that_is_not_reachable_from_here_is_told_from_a_dead_application(services):
    """As with Docker Desktop: nothing listens at the address, and from inside of the cluster the Service answers."""
    result = info(services, namespace=NAMESPACE, services=["works"], node_address="127.0.0.1")
    assert [one["category"] for one in result["problems"]] == ["node_port_unreachable"], result
    assert "connection refused" in result["problems"][0]["message"] and "kubectl port-forward service/works 80" in result["problems"][0]["hint"], result


@pytest.mark.phase("application")
def test_the_healthy_application_has_no_problem(as_described, cluster, playbooks):
    for _run in range(RUNS):
        result = info(cluster, node_address=node_address(cluster))
        assert result["healthy"] and result["problems"] == [] and not result["failed"], result
    printed = " ".join(playbooks.run("playbooks/services.yml").ok().output.split())
    assert "frontend (NodePort, " in printed and "backend-api.default.svc:8000/ answers with HTTP status 404" in printed, printed
    assert {"frontend", "backend-api", "kubernetes"} <= {one["name"] for one in result["services"] if one["state"] == "ready"}


@pytest.mark.phase("application")
def test_sign_in_and_health_without_a_node_port(as_described, cluster, addresses):
    """As for an application whose Services are all ClusterIP: through the API server, and over forwards to the pods."""
    connection = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.profile}
    checks = [{"name": "backend", "service": "backend-api", "path": "/health", "json": {"status": "healthy"}, "via": "forward"},
              {"name": "page", "service": "frontend", "path": "/sign-in", "via": "forward"}]  # fmt: skip
    health = run_module("http_health_info", checks=checks, **connection)
    assert [(one["healthy"], one["url"]) for one in health["checks"]] == [(True, "http://localhost:8000/health"), (True, "http://localhost:3000/sign-in")]
    backend = "http://backend-api.default.svc:8000/api/tasks"
    urls = {"url": "http://frontend.default.svc:3000/api/auth", "verify_url": backend, "cookie_urls": [backend]}
    account = {"create": True, "database": {"secret": "backend-api-secrets", "key": "database-url"}}
    signed_in = run_task("auth_probe", **urls, **account, origin=addresses[0], **connection)
    assert not signed_in["failed"] and [step["status"] for step in signed_in["steps"]] == [200] * 7, signed_in
    refused = run_task("auth_probe", url=urls["url"], email="nobody@example.org", password="not-an-account", **connection)
    assert refused["failed"] and "http://frontend.default.svc:3000/api/auth/sign-in/email answers with HTTP status 401" in refused["msg"], refused


def test_an_unknown_service_is_refused_with_the_known_ones(services):
    result = info(services, namespace=NAMESPACE, services=["work"])
    assert result["failed"] and "services: work does not exist in namespace" in result["msg"] and "Did you mean works?" in result["msg"], result
