# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwards to a small HTTP server of the tests' own, as a user that may do no more than docs/rights/port_forward.yml."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from dapr_faults.node import restart_api_server, wait_for_api
from harness import CHECKOUT, PROFILE, Playbooks, TestCluster, venv
from modules import run_module, run_task

pytestmark = pytest.mark.phase("beside", "port-forward")
DEPLOY = "playbooks/deploy.yml"
PLAYBOOK = "playbooks/port_forward.yml"
NAMESPACE = "port-forward-test"
MAX_MEMORY = 64 * 1024  # KiB
PATIENCE = 300  # seconds
POD = {
    "command": ["sh", "-c", "mkdir /www && echo served > /www/index.html && exec httpd -f -p 8080 -h /www"],
    "ports": [{"name": "http", "containerPort": 8080}],
    "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1},
}
LABELS = {"app": "web"}


@dataclass
class Web:
    """The server, and what a user needs to forward to it."""

    cluster: TestCluster
    kubeconfig: Path
    state_dir: Path

    def forward(self, name: str = "web", check: bool = False, run: Callable = run_module, **options) -> dict:
        connection = {} if options.get("state") == "absent" else {"kubeconfig": str(self.kubeconfig), "context": PROFILE}
        options = {"forwards": [{"service": "web", "local_port": 0, "path": "/"}], "timeout": PATIENCE, **options}
        arguments = {"name": name, "namespace": NAMESPACE, "state_dir": str(self.state_dir), **connection, **options}
        return run("port_forward", **arguments, **({"check": check} if check else {}))

    def kubectl(self, *arguments: str) -> str:
        return self.cluster.kubectl("-n", NAMESPACE, *arguments)

    def info(self) -> dict:
        return run_module("port_forward_info", state_dir=str(self.state_dir))


def made(image: str) -> list[dict]:
    container = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent", **POD}
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 2}}
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
    rights = yaml.safe_load((CHECKOUT / "docs/rights/port_forward.yml").read_text())
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": rights["metadata"]["name"]}
    subject = {"kind": "ServiceAccount", "name": "user", "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": "http"}]}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "user"}},
        rights,
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "user"}, "roleRef": reference, "subjects": [subject]},
    ]


@pytest.fixture(scope="module")
def web(cluster, busybox_image, tmp_path_factory) -> Iterator[Web]:
    objects = made(busybox_image)
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(objects[0]))
    cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects[1:]}))
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--flatten", "--minify", "-o", "json"))
    config["users"][0]["user"] = {"token": cluster.kubectl("create", "token", "user", "-n", NAMESPACE, "--duration=4h").strip()}
    folder = tmp_path_factory.mktemp("forwards")
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    made_web = Web(cluster, kubeconfig, folder / "state")
    made_web.kubectl("rollout", "status", "deployment/web", f"--timeout={PATIENCE}s")
    yield made_web
    made_web.forward(state="absent")
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def running(result: dict) -> dict:
    """The result of a module that has started forwards."""
    assert not result["failed"] and result["forwards"][0]["healthy"], result
    return result


def get(forward: dict, timeout: float = 60) -> str:
    """What one request through the forward gets."""
    try:
        with urllib.request.urlopen(f"http://{forward['local']}/", timeout=timeout) as response:
            return response.read().decode().strip()
    except OSError as error:
        return type(getattr(error, "reason", error)).__name__


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not yet: {what}"
        time.sleep(0.5)


def memory(pid: int) -> int:
    """The most memory that the process has had, in KiB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def test_a_forward_survives_the_deletion_of_its_pods_and_a_rollout(web):
    started = running(web.forward())
    forward = started["forwards"][0]
    assert get(forward) == "served"
    again = running(web.forward())
    assert not again["changed"] and again["pid"] == started["pid"], again
    web.kubectl("delete", "pods", "--all", "--wait=false")
    until(lambda: get(forward) == "served", "served by new pods")
    web.kubectl("rollout", "status", "deployment/web", f"--timeout={PATIENCE}s")
    web.kubectl("rollout", "restart", "deployment/web")
    with ThreadPoolExecutor() as pool:
        rollout = pool.submit(web.kubectl, "rollout", "status", "deployment/web", f"--timeout={PATIENCE}s")
        answers = Counter()
        while not rollout.done():
            answers[get(forward)] += 1
    assert set(answers) == {"served"}, answers
    until(lambda: web.info()["supervisors"][0]["forwards"][0]["connections"] >= sum(answers.values()), "the connections are counted")
    shown = web.info()["supervisors"][0]
    assert shown["running"] and shown["pid"] == started["pid"], shown
    assert any("works" in line for line in shown["log"]) and memory(started["pid"]) < MAX_MEMORY, shown
    until(lambda: len(os.listdir(f"/proc/{started['pid']}/fd")) < 20, "connections that have ended are closed")


@pytest.mark.no_rerun
def test_a_busy_port_is_named_and_left_alone(web):
    program = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
    foreign = subprocess.Popen([sys.executable, "-c", program, "--password=planted"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(foreign.stdout.readline())
        wanted = [{"service": "web", "local_port": port}]
        refused = web.forward("other", forwards=wanted)
        assert refused["failed"] and f"(pid {foreign.pid}) of user" in refused["msg"] and "left alone" in refused["msg"], refused
        assert "planted" not in json.dumps(refused) and web.forward("other", check=True, forwards=wanted)["msg"] == refused["msg"]
        assert foreign.poll() is None and not (web.state_dir / "other").exists()
    finally:
        foreign.communicate()
    own = running(web.forward())["forwards"][0]
    told = web.forward("other", forwards=[{"service": "web", "local_port": own["local_port"]}])
    assert told["failed"] and "of the supervisor web (pid " in told["msg"] and "name: web, state: absent" in told["msg"], told
    elsewhere = web.forward("other", forwards=[{"service": "web", "local_port": own["local_port"]}], state_dir=f"{web.state_dir}-other")
    assert elsewhere["failed"] and "a supervisor of forwards of this collection" in elsewhere["msg"], elsewhere
    assert get(own) == "served"


@pytest.mark.no_rerun
def test_a_restart_keeps_the_port_and_absent_leaves_nothing(web):
    started = running(web.forward())
    # With another path of the same Python the module is packed into an archive, which is gone when it has ended.
    packed = ("--extra-vars", f"ansible_python_interpreter={venv()}/bin/python3")
    restarted = running(web.forward(state="restarted", run=lambda module, /, **options: run_task(module, *packed, **options)))
    assert restarted["changed"] and restarted["pid"] != started["pid"] and not is_running(started["pid"]), restarted
    assert restarted["forwards"][0]["local_port"] == started["forwards"][0]["local_port"] and get(restarted["forwards"][0]) == "served"
    predicted = web.forward(check=True, state="absent")
    assert predicted["changed"] and is_running(restarted["pid"])
    removed = web.forward(state="absent")
    assert removed["changed"] and removed["diff"] == predicted["diff"] and not is_running(restarted["pid"]) and not web.state_dir.exists(), removed
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", started["forwards"][0]["local_port"]), 5).close()
    assert not web.forward(state="absent")["changed"]


def is_running(pid: int) -> bool:
    """Whether there is such a process, other than one that has ended and that its parent has not noticed yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.phase("application")
def test_the_playbook_forwards_to_the_application_at_the_ports_of_its_services(deployed, tmp_path):
    runs = Playbooks({"port_forward_state_dir": str(tmp_path / "forwards"), "port_forward_timeout": PATIENCE})
    started = runs.run(PLAYBOOK).ok()
    try:
        assert "Forwards: 127.0.0.1:3000 -> default/frontend:3000, 127.0.0.1:8000 -> default/backend-api:8000" in " ".join(started.output.split())
        for url in ("http://localhost:3000/api/health", "http://localhost:8000/health"):
            with urllib.request.urlopen(url, timeout=60) as response:
                assert json.load(response)["status"] == "healthy"
    finally:
        ended = runs.run(PLAYBOOK, port_forward_state="absent").ok()
    assert ended.recap["changed"] == 1 and not (tmp_path / "forwards").exists()


@pytest.mark.long
def test_a_thousand_requests_during_a_rollout_fail_less_often_than_with_kubectl(web):
    ours = running(web.forward())
    kubectl = subprocess.Popen(web.cluster.command("-n", NAMESPACE, "port-forward", "svc/web", ":80"), stdout=subprocess.PIPE, text=True)
    try:
        port = re.search(r":(\d+) ->", kubectl.stdout.readline())[1]
        other = {"local": f"127.0.0.1:{port}"}
        web.kubectl("rollout", "restart", "deployment/web")
        with ThreadPoolExecutor(8) as pool:
            # After the loss of its pod, kubectl may never answer.
            answers = list(pool.map(lambda _number: (get(ours["forwards"][0]), get(other, 1)), range(1000)))
        failed = Counter(name for pair in answers for name, answer in zip(("ours", "kubectl"), pair, strict=True) if answer != "served")
        assert failed["ours"] == 0 < failed["kubectl"], failed
        print(f"Of 1000 requests failed {failed['ours']} through the forward, and {failed['kubectl']} through kubectl port-forward.")
        assert memory(ours["pid"]) < MAX_MEMORY
    finally:
        kubectl.kill()
        kubectl.communicate()


@pytest.mark.long
@pytest.mark.phase("cluster_wide")
def test_a_forward_survives_a_restart_of_the_api_server(web):
    forward = running(web.forward())["forwards"][0]
    restart_api_server(web.cluster)
    until(lambda: get(forward) == "served", "served through the new API server")
    wait_for_api(web.cluster)
    until(lambda: web.info()["healthy"], "the forward is healthy")


@pytest.mark.long
@pytest.mark.phase("stopping")
def test_a_forward_survives_a_stop_of_minikube(web, playbooks):
    forward = running(web.forward())["forwards"][0]
    subprocess.run(["docker", "stop", PROFILE], check=True, capture_output=True)
    until(lambda: not web.info()["healthy"], "the problem is recorded")
    playbooks.run(DEPLOY).ok()
    until(lambda: get(forward) == "served", "served by the started cluster")
    until(lambda: web.info()["healthy"], "the forward is healthy")
    found = web.info()["supervisors"][0]
    assert found["forwards"][0]["reconnects"] >= 1 and memory(found["pid"]) < MAX_MEMORY, found
