# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role local_cluster on the real engine: refusals, repairs, and what it does not change."""

from __future__ import annotations

import hashlib
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from harness import CHECKOUT, PROFILE, TestCluster

from roles import PLAYBOOK, Roles

pytestmark = pytest.mark.phase("beside", "local-cluster")
UNDEPLOYED = pytest.mark.phase("undeployed")
ON_THE_APPLICATION = pytest.mark.phase("application")  # where Dapr works
OWN_CLUSTER = pytest.mark.phase("beside", "own-cluster")


@pytest.fixture
def alone(tmp_path) -> Roles:
    """Runs with a profile and a state folder that no other test uses."""
    return Roles({"local_cluster_profile": "runbook-alone", "local_cluster_state_dir": str(tmp_path / "state"),
                  "local_cluster_install_packages": False})


def refused(run, *words: str) -> None:
    assert run.status != 0, run.output[-3000:]
    text = " ".join(run.output.split())
    for word in words:
        assert word in text, run.output[-3000:]


@ON_THE_APPLICATION
def test_running_cluster_is_reused(deployed):
    run = Roles().run(PLAYBOOK, with_dapr=True).ok()
    assert run.recap["changed"] == 0
    assert "Check Docker Engine" not in run.output and "Load Dapr's images" not in run.output, "the cluster was not reused"


@ON_THE_APPLICATION
def test_check_mode_of_a_running_cluster_predicts_nothing(deployed):
    assert Roles().run(PLAYBOOK, "--check", with_dapr=True).ok().recap["changed"] == 0


def test_check_mode_predicts_and_changes_nothing(alone, deployed):
    run = alone.run(PLAYBOOK, "--check").ok()
    assert "start the profile runbook-alone: it does not exist" in run.output
    assert subprocess.run(["docker", "inspect", "runbook-alone"], capture_output=True, check=False).returncode != 0
    assert not Path(alone.variables["local_cluster_state_dir"]).exists()


def test_metrics_server_works(deployed):
    cluster, _run = deployed
    deadline = time.monotonic() + 300
    while not (lines := cluster.kubectl("top", "nodes", "--no-headers", check=False)) and time.monotonic() < deadline:
        time.sleep(3)
    assert PROFILE in lines and "Mi" in lines


CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: plain}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
"""


def test_plain_claim_is_bound(deployed):
    cluster, _run = deployed
    cluster.kubectl("delete", "namespace", "storage-test", "--ignore-not-found")  # of an interrupted run
    cluster.kubectl("create", "namespace", "storage-test")
    try:
        cluster.kubectl("apply", "-n", "storage-test", "-f", "-", stdin=CLAIM)
        cluster.kubectl("wait", "-n", "storage-test", "pvc/plain", "--for=jsonpath={.status.phase}=Bound", "--timeout=300s")
    finally:
        cluster.kubectl("delete", "namespace", "storage-test")


@UNDEPLOYED
def test_unreachable_engine_is_reported_and_not_started(alone):
    run = Roles(alone.variables, shell={"DOCKER_HOST": "tcp://127.0.0.1:9"}).run(PLAYBOOK, local_cluster_install_packages=True)
    refused(run, "DOCKER_HOST=tcp://127.0.0.1:9", "unset DOCKER_HOST")


def test_foreign_container_is_refused(alone, deployed):
    subprocess.run(["docker", "create", "--name", "runbook-alone", "busybox:latest", "true"], check=True, capture_output=True)
    try:
        for state in ("present", "absent"):
            refused(alone.run(PLAYBOOK, local_cluster_state=state), "It was left unchanged", "docker rm -f runbook-alone")
        subprocess.run(["docker", "inspect", "runbook-alone"], check=True, capture_output=True)
    finally:
        subprocess.run(["docker", "rm", "runbook-alone"], check=True, capture_output=True)


@UNDEPLOYED
def test_missing_build_tools_are_reported(alone, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for file in (file for folder in os.environ["PATH"].split(":") for file in Path(folder).glob("*")):
        if file.name not in ("go", "minikube", "helm") and not (tools / file.name).is_symlink():
            (tools / file.name).symlink_to(file)
    program = Path(sys.executable).with_name("ansible-playbook")
    cache = tmp_path / "cache"
    done = subprocess.run(
        [str(program), str(CHECKOUT / PLAYBOOK), *(f"-e{key}={value}" for key, value in alone.variables.items()), f"-elocal_cluster_cache_dir={cache}",
         "-elocal_cluster_release_url=http://127.0.0.1:9", "-elocal_cluster_helm_release_url=http://127.0.0.1:9",
         "-elocal_cluster_registry_probe_url=http://127.0.0.1:9", "-elocal_cluster_chart_probe_url=http://127.0.0.1:9"],
        env={**os.environ, "PATH": str(tools), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "playbooks/collections")},
        text=True, capture_output=True, check=False, timeout=600,
    )
    text = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert "lacks the tools for that: Go 1.24 or newer" in text and "install minikube on PATH (local_cluster_source=path)" in text, done.stdout[-3000:]
    assert not (cache / "programs").exists()


class _Mirror(http.server.BaseHTTPRequestHandler):
    """A mirror of minikube's releases with one release."""

    body = b"#!/bin/sh\necho this is the release of the mirror\nexit 3\n"

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *arguments):
        """Logs nothing."""


@pytest.fixture
def mirror(alone, tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Mirror) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        alone.variables |= {
            "local_cluster_source": "release", "local_cluster_cache_dir": str(tmp_path / "cache"), "local_cluster_timeout": 30,
            "local_cluster_release_url": f"http://127.0.0.1:{server.server_port}",
            "local_cluster_release_checksum": hashlib.sha256(_Mirror.body).hexdigest(),
            # Only the release of minikube is tested here. All other downloads are omitted, or assumed to be available.
            "local_cluster_registry_probe_url": f"http://127.0.0.1:{server.server_port}", "local_cluster_metrics_server": False,
            "local_cluster_chart_probe_url": f"http://127.0.0.1:{server.server_port}",
        }
        yield alone
        server.shutdown()


def test_verified_release_is_used(mirror, tmp_path, deployed):
    """The release of the mirror fails in a way that shows that it was called."""
    run = mirror.run(PLAYBOOK, local_cluster_cache_dir=str(tmp_path / "cache"))
    assert [path.read_bytes() for path in (tmp_path / "cache/releases").rglob("minikube")] == [_Mirror.body]
    refused(run, "did not start", "this is the release of the mirror")


@UNDEPLOYED
def test_unreachable_release_is_reported(alone, tmp_path):
    run = alone.run(PLAYBOOK, local_cluster_source="release", local_cluster_release_url="http://127.0.0.1:9", local_cluster_cache_dir=str(tmp_path / "cache"))
    refused(run, "The official release is not available", "local_cluster_source=auto")


DATA = "kept"


@pytest.fixture
def own_cluster(tmp_path_factory):
    """A small cluster with some data, which a test may break. Its removal at the end is verified."""
    state = tmp_path_factory.mktemp("broken") / "state"
    runs = Roles({"local_cluster_profile": "runbook-broken", "local_cluster_state_dir": str(state), "local_cluster_memory": "3g",
                  "local_cluster_metrics_server": False})
    cluster = TestCluster(state, "runbook-broken")
    runs.run(PLAYBOOK).ok()
    cluster.kubectl("create", "configmap", "data", f"--from-literal=value={DATA}")
    yield runs, cluster
    runs.run(PLAYBOOK, local_cluster_state="absent").ok()
    for kind in ("container", "volume", "network"):
        assert subprocess.run(["docker", kind, "inspect", "runbook-broken"], capture_output=True, check=False).returncode != 0
    assert not state.exists()
    assert runs.run(PLAYBOOK, local_cluster_state="absent").ok().recap["changed"] == 0


def _stop(cluster):
    subprocess.run(["docker", "stop", cluster.profile], check=True, capture_output=True)


def _remove_container(cluster):
    subprocess.run(["docker", "rm", "-f", cluster.profile], check=True, capture_output=True)


def _forget_profile(cluster):
    shutil.rmtree(cluster.state / ".minikube")


def _forget_everything(cluster):
    shutil.rmtree(cluster.state)


def back(runs, cluster) -> None:
    """The next run restores the cluster with its data, and a second run changes nothing."""
    runs.run(PLAYBOOK).ok()
    assert cluster.kubectl("get", "configmap", "data", "-o", "jsonpath={.data.value}") == DATA
    assert runs.run(PLAYBOOK).ok().recap["changed"] == 0


@pytest.mark.long
@OWN_CLUSTER
def test_removed_container_is_recreated_with_its_data(own_cluster):
    runs, cluster = own_cluster
    _remove_container(cluster)
    back(runs, cluster)


@pytest.mark.long
@OWN_CLUSTER
def test_partial_cluster_is_repaired_with_its_data(own_cluster):
    runs, cluster = own_cluster
    for break_it in (_stop, _forget_profile, _forget_everything):
        break_it(cluster)
        back(runs, cluster)
    runs.run(PLAYBOOK, local_cluster_state="restarted").ok()
    back(runs, cluster)


@pytest.mark.long
@OWN_CLUSTER
def test_killed_start_is_completed(own_cluster):
    runs, cluster = own_cluster
    for seconds in (2, 8, 16):
        _remove_container(cluster)
        process = runs.start(PLAYBOOK)
        for line in process.stdout:
            if "Start minikube, since" in line:
                time.sleep(seconds)
                os.killpg(process.pid, signal.SIGKILL)
                break
        process.stdout.close()
        process.wait()
        back(runs, cluster)
