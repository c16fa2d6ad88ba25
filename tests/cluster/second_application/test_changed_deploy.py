# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""deploy.yml: a changed line, interrupted runs, two at once, and an installed collection."""

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

pytestmark = pytest.mark.phase("second_application")
DEPLOY = "playbooks/deploy.yml"
BUILD, WAIT = "runbook.minikube.images : Build", "runbook.minikube.rollout : Wait"
STAGES = [
    "runbook.minikube.local_cluster : Ensure", "runbook.minikube.dapr : ", BUILD, "Create the Secrets",
    "runbook.minikube.rollout : Find the objects that an apply would change", WAIT, "runbook.minikube.health : ",
]  # fmt: skip
AS_MADE = {"local_cluster_profile": PROFILE, "local_cluster_start_arguments": AUDITED, "runbook_lock_wait": LOCK_WAIT}
IMAGES = {"frontend", "backend-api", "mcp-server", "audit-service", "model"}


def revisions(cluster) -> dict[str, str]:
    annotation = "deployment.kubernetes.io/revision"
    return {item["metadata"]["name"]: item["metadata"]["annotations"][annotation] for item in cluster.objects("deployments")}


def wait_until_old_pods_are_deleted(cluster, name: str) -> None:
    deadline = time.monotonic() + 300
    while any("deletionTimestamp" in pod["metadata"] for pod in cluster.objects("pods", "", "-l", f"app.kubernetes.io/name={name}")):
        assert time.monotonic() < deadline, f"old pods of {name} are still terminating"
        time.sleep(0.5)


@pytest.mark.no_rerun
def test_one_changed_line_updates_one_workload_without_an_outage(deployed, addresses, playbooks, as_described, changes, own_copy):
    cluster, _run = deployed
    source = own_copy / "backend/main.py"
    source.write_text(source.read_text() + f"\n# changed at {time.time()}\n")
    before = revisions(cluster)
    with Load(f"{addresses[1]}/health") as load, EngineEvents(cluster) as engine:
        playbooks.run(DEPLOY, runbook_app_file=str(own_copy / "app.yml")).ok()
        wait_until_old_pods_are_deleted(cluster, "backend-api")
        load.go_on_for(60)
    after = revisions(cluster)
    assert {name for name in after if after[name] != before[name]} == {"backend-api"}
    tagged = {event.removeprefix("image tag ") for event in engine.observed if event.startswith("image tag ")}
    assert [name.partition(":")[0] for name in tagged if name.partition(":")[0] in IMAGES] == ["backend-api"], engine.observed
    assert load.requests > 60 and not load.failures, f"{len(load.failures)} of {load.requests}: {load.failures[:5]}"


@pytest.mark.parametrize("stage", [pytest.param(stage, marks=() if stage == WAIT else pytest.mark.long) for stage in STAGES])
def test_run_interrupted_at_a_stage_can_be_repeated(deployed, playbooks, changes, own_copy, stage):
    """SIGKILL at the start of a stage, with work left for the following stages. The next run succeeds."""
    source = own_copy / "services/audit-service/audit_service.py"
    source.write_text(source.read_text() + f"\n# changed at {time.time()}\n")
    app = str(own_copy / "app.yml")
    playbooks.killed_after(f"TASK [{stage}", DEPLOY, runbook_app_file=app)
    playbooks.run(DEPLOY, runbook_app_file=app).ok()
    if LONG:
        assert playbooks.run(DEPLOY, runbook_app_file=app).ok().recap["changed"] == 0


def test_second_parallel_deploy_names_the_lock_holder(deployed, playbooks, changes, own_copy):
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


@pytest.mark.parametrize("end", ["oldest", pytest.param("newest", marks=pytest.mark.long)])
def test_installed_collection_archive_deploys(deployed, application, as_described, tmp_path, end):
    """The installed collection changes nothing, as content tags do not depend on the folder."""
    venv = subprocess.run([CHECKOUT / "scripts/venv", end], check=True, text=True, capture_output=True).stdout.strip()
    tree = subprocess.run([CHECKOUT / "scripts/export-tree", tmp_path / "tree"], check=True, text=True, capture_output=True).stdout.strip()
    galaxy = f"{venv}/bin/ansible-galaxy"
    subprocess.run([galaxy, "collection", "build", tree, "--output-path", tmp_path], check=True, capture_output=True)
    archive = next(tmp_path.glob("runbook-minikube-*.tar.gz"))
    subprocess.run([galaxy, "collection", "install", archive, "--no-deps", "-p", tmp_path / "collections"], check=True, capture_output=True)
    done = subprocess.run(
        [f"{venv}/bin/ansible-playbook", "runbook.minikube.deploy", "-e", json.dumps({**AS_MADE, **application.variables})],
        cwd=tmp_path, env=environment(venv, tmp_path), text=True, capture_output=True, check=False, timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert re.search(r"changed=0\b", done.stdout), done.stdout[-4000:]


def environment(venv: str, place: Path) -> dict:
    return {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(place / "collections"), "PATH": f"{venv}/bin:{os.environ['PATH']}"}
