# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The main job, in the order in which a user meets it: deploy, use, deploy again, change a line, be cut off, come back."""

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
from harness import AUDITED, CHECKOUT, LOCK_WAIT, LONG, PROFILE
from load import Load

pytestmark = pytest.mark.phase("application")
FIRST = pytest.mark.phase("deploy")  # where nothing else works on the cluster
DEPLOY = "playbooks/deploy.yml"
BUILD, WAIT = "runbook.minikube.images : Build", "runbook.minikube.rollout : Wait"
STAGES = [
    "runbook.minikube.local_cluster : Ensure", "runbook.minikube.dapr : ", BUILD, "Create the Secrets",
    "runbook.minikube.rollout : Find the objects that an apply would change", WAIT, "runbook.minikube.health : ",
]  # fmt: skip
AS_MADE = {"local_cluster_profile": PROFILE, "local_cluster_start_arguments": AUDITED, "runbook_lock_wait": LOCK_WAIT}
IMAGES = {"frontend", "backend-api", "mcp-server", "audit-service", "model"}
KINDS = ["deployments", "statefulsets", "services", "secrets", "configmaps", "pods", "replicasets", "persistentvolumeclaims", "components.dapr.io"]


def address_of(run) -> str:
    return re.search(r"Open (http://\S+)", run.output)[1].rstrip("\"'")


def versions(cluster) -> dict[tuple[str, str], str]:
    """The resource version of every object of the application that is not going."""
    items = [(kind, item["metadata"]) for kind in KINDS for item in cluster.objects(kind)]
    return {(kind, meta["name"]): meta["resourceVersion"] for kind, meta in items if "deletionTimestamp" not in meta}


def revisions(cluster) -> dict[str, str]:
    annotation = "deployment.kubernetes.io/revision"
    return {item["metadata"]["name"]: item["metadata"]["annotations"][annotation] for item in cluster.objects("deployments")}


@FIRST
def test_all_pods_serve(deployed):
    cluster, _run = deployed
    everything = cluster.objects("pods", "default", "-l", "app.kubernetes.io/part-of=todo")
    pods = [pod for pod in everything if "deletionTimestamp" not in pod["metadata"]]
    assert {pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods} >= {"frontend", "backend-api", "mcp-server", "audit-service", "postgres"}
    for pod in pods:
        name = pod["metadata"]["name"]
        ready = [status["ready"] for status in pod["status"]["containerStatuses"]]
        assert pod["status"]["phase"] == "Running" and all(ready), name
        if pod["metadata"].get("annotations", {}).get("dapr.io/enabled") == "true":
            assert len(ready) == 2, f"{name} has no Dapr sidecar"


@FIRST
def test_the_address_is_printed_and_answers(deployed):
    _cluster, run = deployed
    with Load(address_of(run), rate=5) as load:
        load.go_on_for(10)
    assert not load.failures


@FIRST
def test_second_deploy_changes_nothing(deployed, playbooks):
    cluster, _run = deployed
    before = versions(cluster)
    with EngineEvents(cluster) as engine:
        again = playbooks.run(DEPLOY).ok()
    assert again.recap["changed"] == 0, again.output
    assert "TASK [Create the Secrets]" not in again.output, "the drift check found a difference"
    assert engine.observed == []
    assert versions(cluster) == before


@FIRST
def test_check_mode_of_a_deployed_application_predicts_nothing(deployed, playbooks):
    cluster, _run = deployed
    before = versions(cluster)
    assert playbooks.run(DEPLOY, "--check", "--diff").ok().recap["changed"] == 0
    assert versions(cluster) == before


@FIRST
def test_it_runs_from_inside_its_folder(deployed):
    venv = subprocess.run([CHECKOUT / "scripts/venv", "newest"], check=True, text=True, capture_output=True).stdout.strip()
    command = [f"{venv}/bin/ansible-playbook", "deploy.yml", "--check", "-e", json.dumps(AS_MADE)]
    done = subprocess.run(command, cwd=CHECKOUT / "playbooks", text=True, capture_output=True, check=False, timeout=600)
    assert done.returncode == 0 and re.search(r"changed=0\b", done.stdout), done.stdout[-4000:]


def wait_for_the_former_pods_to_go(cluster, name: str) -> None:
    deadline = time.monotonic() + 300
    while any("deletionTimestamp" in pod["metadata"] for pod in cluster.objects("pods", "default", "-l", f"app.kubernetes.io/name={name}")):
        assert time.monotonic() < deadline, f"former pods of {name} are still ending"
        time.sleep(0.5)


@pytest.mark.no_rerun
def test_one_changed_line_rolls_one_workload_and_loses_no_request(deployed, playbooks, as_described, changes, own_copy):
    cluster, run = deployed
    source = own_copy / "backend/main.py"
    source.write_text(source.read_text() + f"\n# changed at {time.time()}\n")
    before = revisions(cluster)
    backend = f"http://{address_of(run).split('/')[2].split(':')[0]}:30800/health"
    with Load(backend) as load, EngineEvents(cluster) as engine:
        playbooks.run(DEPLOY, runbook_app_file=str(own_copy / "app.yml")).ok()
        wait_for_the_former_pods_to_go(cluster, "backend-api")
        load.go_on_for(60)
    after = revisions(cluster)
    assert {name for name in after if after[name] != before[name]} == {"backend-api"}
    tagged = {event.removeprefix("image tag ") for event in engine.observed if event.startswith("image tag ")}
    assert [name.partition(":")[0] for name in tagged if name.partition(":")[0] in IMAGES] == ["backend-api"], engine.observed
    assert load.requests > 60 and not load.failures, f"{len(load.failures)} of {load.requests}: {load.failures[:5]}"


@pytest.mark.parametrize("stage", [pytest.param(stage, marks=() if stage in (BUILD, WAIT) else pytest.mark.long) for stage in STAGES])
def test_cut_off_at_a_stage_then_run_again(deployed, playbooks, changes, own_copy, stage):
    """SIGKILL as a stage begins, with work to do in the stages after it; the next run ends well."""
    source = own_copy / "services/audit-service/audit_service.py"
    source.write_text(source.read_text() + f"\n# changed at {time.time()}\n")
    app = str(own_copy / "app.yml")
    playbooks.killed_after(f"TASK [{stage}", DEPLOY, runbook_app_file=app)
    playbooks.run(DEPLOY, runbook_app_file=app).ok()
    if LONG:
        assert playbooks.run(DEPLOY, runbook_app_file=app).ok().recap["changed"] == 0


def test_two_at_once_the_second_names_the_holder(deployed, playbooks, changes, own_copy):
    source = own_copy / "services/audit-service/audit_service.py"
    source.write_text(source.read_text() + f"\n# changed at {time.time()}\n")
    app = str(own_copy / "app.yml")
    first = playbooks.start(DEPLOY, runbook_app_file=app)
    next(line for line in first.stdout if BUILD in line)
    os.killpg(first.pid, signal.SIGSTOP)  # so that it holds the lock however long the second takes to request it
    try:
        second = playbooks.run(DEPLOY, runbook_app_file=app, runbook_lock_wait=0)
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    output = first.stdout.read()
    assert first.wait() == 0, output
    assert second.status != 0 and re.search(r"[Hh]eld by .*pid \d+", second.output), second.output


@pytest.mark.parametrize("end", ["oldest", "newest"])
def test_the_built_archive_deploys_from_an_empty_place(deployed, as_described, tmp_path, end):
    """Installed as a user installs it, it finds all unchanged, as the content tags don't depend on the place."""
    venv = subprocess.run([CHECKOUT / "scripts/venv", end], check=True, text=True, capture_output=True).stdout.strip()
    tree = subprocess.run([CHECKOUT / "scripts/export-tree", tmp_path / "tree"], check=True, text=True, capture_output=True).stdout.strip()
    galaxy = f"{venv}/bin/ansible-galaxy"
    subprocess.run([galaxy, "collection", "build", tree, "--output-path", tmp_path], check=True, capture_output=True)
    archive = next(tmp_path.glob("runbook-minikube-*.tar.gz"))
    subprocess.run([galaxy, "collection", "install", archive, "--no-deps", "-p", tmp_path / "collections"], check=True, capture_output=True)
    done = subprocess.run(
        [f"{venv}/bin/ansible-playbook", "runbook.minikube.deploy", "-e", json.dumps(AS_MADE)],
        cwd=tmp_path, env=environment(venv, tmp_path), text=True, capture_output=True, check=False, timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert re.search(r"changed=0\b", done.stdout), done.stdout[-4000:]


def environment(venv: str, place: Path) -> dict:
    return {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(place / "collections"), "PATH": f"{venv}/bin:{os.environ['PATH']}"}


def tasks_of(cluster) -> str:
    """What is in the database, as text."""
    query = "SELECT id, title, completed FROM task ORDER BY id"
    return cluster.kubectl("exec", "statefulset/postgres", "--", "psql", "-h", "/var/run/postgresql", "-U", "todo", "-At", "-c", query)


def stop_profile(_cluster) -> None:
    subprocess.run(["docker", "stop", PROFILE], check=True, capture_output=True)


def stop_engine(cluster) -> None:
    """Ends the engine that the project started on this machine, by its own process file, with the profile stopped in it."""
    stop_profile(cluster)
    pid = int(Path("/var/run/docker.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 180
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "the engine does not end"
        time.sleep(0.5)


@pytest.mark.phase("stopping")
@pytest.mark.parametrize("stop", [stop_profile, pytest.param(stop_engine, marks=pytest.mark.long)])
def test_what_was_stopped_comes_back_with_its_data(deployed, playbooks, stop):
    cluster, run = deployed
    before = tasks_of(cluster)
    stop(cluster)
    playbooks.run(DEPLOY).ok()
    assert tasks_of(cluster) == before
    test_all_pods_serve(deployed)
    test_the_address_is_printed_and_answers(deployed)
