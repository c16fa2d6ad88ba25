# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbooks for single operations: restart, scale, history, logs and comparing secrets on a workload of their own, Dapr on the application."""

from __future__ import annotations

import json
import re
import socket
import urllib.request
import uuid
from collections.abc import Iterator

import pytest
from harness import PROFILE, Playbooks, TestCluster

pytestmark = pytest.mark.phase("beside", "operations")
NAMESPACE = f"runbook-test-operations-{uuid.uuid4().hex[:6]}"
PASSWORD = "hunter2-of-the-database"
LOGGED = f"DUPLICATE TASK CREATION DETECTED by postgresql://app:{PASSWORD}@db/app token={PASSWORD}"
# The second run after a crash stays, so that there is a previous one to read.
SCRIPT = f"""if [ -e /state/ran ]; then echo 'second run'; exec sleep 100000; fi; touch /state/ran; printf '\\033[31m{LOGGED}\\033[0m\\n'; exit 3"""


def deployment(image: str) -> dict:
    container = {"name": "app", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", SCRIPT],
                 "volumeMounts": [{"name": "state", "mountPath": "/state"}]}
    pod = {"terminationGracePeriodSeconds": 0, "containers": [container], "volumes": [{"name": "state", "emptyDir": {}}]}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def inner(image: str, port: int) -> list[dict]:
    """An application whose Service has no NodePort."""
    script = "mkdir -p /www && echo healthy > /www/index.html && exec httpd -f -p 8080 -h /www"
    container = {"name": "inner", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script],
                 "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}}
    template = {"metadata": {"labels": {"app": "inner"}}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "inner"}}, "template": template}
    service = {"selector": {"app": "inner"}, "ports": [{"port": port, "targetPort": 8080}]}
    return [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "inner"}, "spec": spec},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "inner"}, "spec": service}]


def secret(name: str, value: str) -> dict:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"key": value}}


@pytest.fixture(scope="module")
def own(cluster, busybox_image, tmp_path_factory) -> Iterator[Playbooks]:
    """A namespace with a workload that has crashed once, and the playbooks for it."""
    folder = tmp_path_factory.mktemp("operations")
    manifest = folder / "web.json"
    manifest.write_text(json.dumps(deployment(busybox_image)))
    app = {"name": "operations", "namespace": NAMESPACE, "manifests": [str(manifest)], "workloads": [{"name": "web"}]}
    cluster.kubectl("create", "namespace", NAMESPACE)
    objects = [deployment(busybox_image), secret("one", PASSWORD), secret("two", f"{PASSWORD}\n")]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    cluster.kubectl("apply", "--server-side", "--field-manager=runbook-deploy", "-n", NAMESPACE, "-f", "-", stdin=listed)
    restarted = "jsonpath={.status.containerStatuses[0].restartCount}=1"
    cluster.kubectl("wait", "deployment/web", "-n", NAMESPACE, "--for=jsonpath={.status.replicas}=1", "--timeout=300s")
    cluster.kubectl("wait", "pod", "-l", "app=web", "-n", NAMESPACE, f"--for={restarted}", "--timeout=300s")
    own = {"runbook_context": PROFILE, "runbook_kubeconfig": str(cluster.kubeconfig), "runbook_allowed_contexts": [PROFILE], "runbook_app": app,
           "images_minikube_home": json.loads((cluster.state / "local_cluster.json").read_text())["minikube_home"]}  # fmt: skip
    yield Playbooks(own)
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def pods(cluster: TestCluster) -> list[str]:
    """The pods that are not being deleted."""
    return [pod["metadata"]["name"] for pod in cluster.objects("pods", NAMESPACE) if "deletionTimestamp" not in pod["metadata"]]


def text_of(output: str) -> str:
    """The output without its line breaks."""
    return " ".join(output.split())


def test_logs_of_the_previous_run_by_pattern(own):
    run = own.run("playbooks/logs.yml", logs_workloads="web", logs_previous=True, logs_pattern="DUPLICATE").ok()
    assert run.recap["changed"] == 0
    text = text_of(run.output)
    assert "container app, previous run: the last 1 of 1 lines that match" in text and "DUPLICATE TASK CREATION DETECTED by postgresql://***@db/app" in text
    assert PASSWORD not in run.output and not re.search(r"\x1b|033|x1b", text), "the colour of the log is removed, and not only made visible"
    assert f"-n {NAMESPACE} logs -f --tail=20 deployment/web -c app | grep --line-buffered -E DUPLICATE" in text


def test_restart_is_in_the_history_and_scaling_is_not(own, cluster):
    before = pods(cluster)
    # The new pods crash once too.
    restarted = own.run("playbooks/restart.yml", restart_workloads="web", restart_reason="more memory").ok()
    assert restarted.recap["changed"] == 1 and not set(pods(cluster)) & set(before)
    scaled = own.run("playbooks/scale.yml", scale_workloads="web", scale_replicas=2).ok()
    assert scaled.recap["changed"] == 1 and len(pods(cluster)) == 2
    assert own.run("playbooks/scale.yml", scale_workloads="web", scale_replicas=2).ok().recap["changed"] == 0
    history = text_of(own.run("playbooks/history.yml").ok().output)
    assert "Deployment web: 2 revisions" in history, history
    assert "2 (current); " in history and "cause: more memory: restart; by " in history and "changed: restart" in history, history


def test_two_secrets_are_compared_without_showing_them(own):
    run = own.run("playbooks/compare_secrets.yml", compare_places="one/key,two/key").ok()
    text = text_of(run.output)
    assert "The values differ." in text and f"Secret {NAMESPACE}/two, key key ends with a newline." in text
    assert PASSWORD not in run.output and run.recap["changed"] == 0


@pytest.mark.parametrize(("playbook", "variables", "words"), [
    ("scale", {"scale_workloads": "web", "scale_replicas": "two"}, "scale_replicas must be a number from 0 to 9999, got 'two'"),
    pytest.param("restart", {"restart_workloads": "web,wbe"}, "restart_workloads names wbe, which operations does not have. Its workloads: web.",
                 marks=pytest.mark.long),
    pytest.param("restart", {}, "Set restart_workloads to names of workloads. Its workloads: web.", marks=pytest.mark.long),
    pytest.param("history", {"history_workloads": "wbe"}, "history_workloads names wbe", marks=pytest.mark.long),
    pytest.param("logs", {"logs_pattern": "(", "logs_lines": 5}, "pattern is not a valid regular expression", marks=pytest.mark.long),
    pytest.param("logs", {"logs_selector": "app=x", "logs_workloads": "web"}, "logs_workloads and logs_selector are both set", marks=pytest.mark.long),
    pytest.param("logs", {"logs_container": "daprd"}, "has no container daprd. It has app.", marks=pytest.mark.long),
    pytest.param("compare_secrets", {"compare_places": "one/key"}, "Set compare_places to at least two places", marks=pytest.mark.long),
    pytest.param("compare_secrets", {"compare_places": "one/key,two/k/e/y"}, "'two/k/e/y' is no place of a value", marks=pytest.mark.long),
    pytest.param("dapr", {}, "No workload of operations uses Dapr", marks=pytest.mark.long),
])  # fmt: skip
def test_bad_input_is_refused_with_the_option(own, playbook, variables, words):
    run = own.run(f"playbooks/{playbook}.yml", **variables)
    assert run.status != 0 and words in text_of(run.output).replace("''", "'"), run.output[-3000:]
    assert run.recap["changed"] == 0


@pytest.mark.phase("application")
def test_dapr_is_reported_and_an_event_published_only_on_request(as_described, playbooks):
    run = playbooks.run("playbooks/dapr.yml", publish_pubsub="pubsub", publish_topic="runbook-probe", publish_from="backend-api").ok()
    text = text_of(run.output)
    assert "Component pubsub: pubsub.redis v1" in text and "app-id audit-service" in text and "Subscriptions: task-events of pubsub" in text, text
    assert "Sent an event to topic runbook-probe of pubsub from Deployment/backend-api: HTTP status 204." in text and run.recap["changed"] == 1, text
    assert "Sent an event" not in text_of(playbooks.run("playbooks/dapr.yml").ok().output)


@pytest.mark.phase("application")
def test_address_that_better_auth_does_not_accept_is_named(as_described, playbooks):
    """The frontend's BETTER_AUTH_URL is that of its NodePort, and it trusts a forward to localhost too."""
    run = playbooks.run("playbooks/deploy.yml", runbook_app_overrides={"address": {"via": "forward", "url": "http://todo.example.org"}}).ok()
    text = text_of(run.output)
    assert run.recap["changed"] == 0
    assert "address is http://todo.example.org, but BETTER_AUTH_URL of Deployment frontend is http://" in text, text


def test_application_without_node_ports_is_deployed_and_reached_by_a_forward(own, busybox_image, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    manifest = tmp_path / "inner.json"
    manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": inner(busybox_image, port)}))
    address = {"service": "inner", "via": "forward"}
    health = [{"name": "inner", "service": "inner", "path": "/index.html"}]
    app = {**own.variables["runbook_app"], "name": "inner", "manifests": [str(manifest)], "workloads": [{"name": "inner"}], "health": health}
    deployed = own.run("playbooks/deploy.yml", runbook_app={**app, "address": address}).ok()
    command = "ansible-playbook runbook.minikube.port_forward with the same variables."
    assert f"To reach it, run {command} Then open http://localhost:{port}/" in text_of(deployed.output) and deployed.recap["changed"], deployed.output[-3000:]
    app["address"] = {**address, "forward": True}
    try:
        again = own.run("playbooks/deploy.yml", runbook_app=app).ok()
        assert f"inner is deployed. Open http://localhost:{port}/" in text_of(again.output), again.output[-3000:]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            assert page.read() == b"healthy\n"
    finally:
        own.run("playbooks/port_forward.yml", runbook_app=app, port_forward_state="absent").ok()
