# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""deploy.yml: the first deploy, a second one, and a stopped cluster."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from engine_events import EngineEvents
from harness import AUDITED, CHECKOUT, LOCK_WAIT, PROFILE
from load import Load

pytestmark = pytest.mark.phase("deploy")  # in which no other test uses the cluster
DEPLOY = "playbooks/deploy.yml"
AS_MADE = {"local_cluster_profile": PROFILE, "local_cluster_start_arguments": AUDITED, "runbook_lock_wait": LOCK_WAIT}
KINDS = ["deployments", "statefulsets", "services", "secrets", "configmaps", "pods", "replicasets", "persistentvolumeclaims", "components.dapr.io"]


def versions(cluster) -> dict[tuple[str, str], str]:
    """The resource version of every object of the application that is not terminating."""
    items = [(kind, item["metadata"]) for kind in KINDS for item in cluster.objects(kind)]
    return {(kind, meta["name"]): meta["resourceVersion"] for kind, meta in items if "deletionTimestamp" not in meta}


def test_all_pods_are_ready(deployed):
    cluster, _run = deployed
    everything = cluster.objects("pods", "", "-l", "app.kubernetes.io/part-of=todo")
    pods = [pod for pod in everything if "deletionTimestamp" not in pod["metadata"]]
    assert {pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods} >= {"frontend", "backend-api", "mcp-server", "audit-service", "postgres"}
    for pod in pods:
        name = pod["metadata"]["name"]
        ready = [status["ready"] for status in pod["status"]["containerStatuses"]]
        assert pod["status"]["phase"] == "Running" and all(ready), name
        if pod["metadata"].get("annotations", {}).get("dapr.io/enabled") == "true":
            assert len(ready) == 2, f"{name} has no Dapr sidecar"


def test_printed_address_responds(deployed):
    _cluster, run = deployed
    with Load(run.address, rate=5) as load:
        load.go_on_for(10)
    assert not load.failures


def test_second_deploy_changes_nothing(deployed, playbooks):
    cluster, _run = deployed
    before = versions(cluster)
    with EngineEvents(cluster) as engine:
        again = playbooks.run(DEPLOY).ok()
    assert again.recap["changed"] == 0, again.output
    assert "TASK [Create the Secrets]" not in again.output, "the drift check found a difference"
    assert engine.observed == []
    assert versions(cluster) == before


def test_check_mode_of_a_deployed_application_predicts_nothing(deployed, playbooks):
    cluster, _run = deployed
    before = versions(cluster)
    assert playbooks.run(DEPLOY, "--check", "--diff").ok().recap["changed"] == 0
    assert versions(cluster) == before


def test_deploy_from_the_playbooks_folder(deployed):
    venv = subprocess.run([CHECKOUT / "scripts/venv", "newest"], check=True, text=True, capture_output=True).stdout.strip()
    command = [f"{venv}/bin/ansible-playbook", "deploy.yml", "--check", "-e", json.dumps(AS_MADE)]
    done = subprocess.run(command, cwd=CHECKOUT / "playbooks", text=True, capture_output=True, check=False, timeout=600)
    assert done.returncode == 0 and re.search(r"changed=0\b", done.stdout), done.stdout[-4000:]


def tasks_of(cluster) -> str:
    """The tasks in the database, as text."""
    query = "SELECT id, title, completed FROM task ORDER BY id"
    return cluster.kubectl("exec", "statefulset/postgres", "--", "psql", "-h", "/var/run/postgresql", "-U", "todo", "-At", "-c", query)


def stop_profile(_cluster) -> None:
    subprocess.run(["docker", "stop", PROFILE], check=True, capture_output=True)


def stop_engine(cluster) -> None:
    """Stops the profile, and then the engine that the project started on this host, by its PID file."""
    stop_profile(cluster)
    pid = int(Path("/var/run/docker.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 180
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "the engine does not end"
        time.sleep(0.5)


@pytest.mark.phase("stopping")
@pytest.mark.parametrize("stop", [stop_profile, pytest.param(stop_engine, marks=pytest.mark.long)])
def test_stopped_cluster_restarts_with_its_data(deployed, playbooks, stop):
    cluster, run = deployed
    before = tasks_of(cluster)
    stop(cluster)
    playbooks.run(DEPLOY).ok()
    assert tasks_of(cluster) == before
    test_all_pods_are_ready(deployed)
    test_printed_address_responds(deployed)
