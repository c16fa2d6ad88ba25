# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rollback: a broken version never replaces the last good one, and rollback.yml restores the previous revision."""

from __future__ import annotations

import json
import re
import time

import pytest
from harness import kill_group
from load import Load

pytestmark = pytest.mark.phase("second_application")
DEPLOY, ROLLBACK = "playbooks/deploy.yml", "playbooks/rollback.yml"
CAUSE, REVISION = "kubernetes.io/change-cause", "deployment.kubernetes.io/revision"
ABSENT = "registry.invalid/nobody/nothing:1"
SOON = {"rollout_max_restarts": 1, "rollout_unreachable_timeout": 15}


def workload(cluster, name: str, kind: str = "deployment") -> dict:
    return json.loads(cluster.kubectl("get", kind, name, "-o", "json"))


def images(obj: dict) -> list[str]:
    return [container["image"] for container in obj["spec"]["template"]["spec"]["containers"]]


def causes(cluster, name: str) -> dict[int, str]:
    """Revision to change cause, as kubectl's history shows it."""
    lines = cluster.kubectl("rollout", "history", f"deployment/{name}").splitlines()
    return {int(number): cause for number, cause in re.findall(r"^(\d+)\s+(.*)$", "\n".join(lines), re.MULTILINE)}


def break_backend(own_copy) -> str:
    """Makes the backend exit at its import, each time with a new image. Returns the path of the description."""
    source = own_copy / "backend/main.py"
    source.write_text(f'{source.read_text()}\nraise RuntimeError("broken on purpose at {time.time()}")\n')
    return str(own_copy / "app.yml")


def mend_backend(own_copy) -> None:
    source = own_copy / "backend/main.py"
    source.write_text(f"{source.read_text().rpartition('raise RuntimeError')[0]}# mended at {time.time()}\n")


def test_broken_version_is_rolled_back_without_an_outage(deployed, addresses, playbooks, changes, own_copy):
    cluster, _run = deployed
    before = workload(cluster, "backend-api")
    with Load(f"{addresses[1]}/health") as load:
        failed = playbooks.run(DEPLOY, runbook_app_file=break_backend(own_copy), **SOON)
        load.go_on_for(60)
    assert failed.status != 0, failed.output[-3000:]
    assert not load.failures, f"{len(load.failures)} of {load.requests}: {load.failures[:5]}"
    recorded = failed.output.find("RuntimeError: broken on purpose"), failed.output.find("Deployment backend-api was rolled back to revision")
    assert 0 < recorded[0] < recorded[1] and "which is available again" in failed.output, failed.output[-6000:]
    after = workload(cluster, "backend-api")
    assert images(after) == images(before) and after["spec"]["template"] == before["spec"]["template"]

    mend_backend(own_copy)
    playbooks.run(DEPLOY, runbook_app_file=str(own_copy / "app.yml")).ok()
    assert images(workload(cluster, "backend-api")) != images(before)
    recorded = list(causes(cluster, "backend-api").values())
    assert re.search(r"deploy todo: .*set containers\[backend-api\].image to backend-api:\w+.* \(by .+@.+\)", recorded[-1]), recorded
    assert re.match(r"roll back to revision \d+ after a failure", recorded[-2]) and recorded[-3].startswith("deploy todo: "), recorded
    assert playbooks.run(DEPLOY, runbook_app_file=str(own_copy / "app.yml")).ok().recap["changed"] == 0


def test_rollback_without_names_restores_only_incomplete_workloads(deployed, playbooks, changes):
    cluster, _run = deployed
    before = {item["metadata"]["name"]: images(item) for item in cluster.objects("deployments,statefulsets")}
    cluster.kubectl("set", "image", "deployment/mcp-server", f"mcp-server={ABSENT}")
    refused = playbooks.run(ROLLBACK)
    assert refused.status != 0 and "kubectl-set" in refused.output and "force_conflicts" in refused.output, refused.output[-3000:]
    done = playbooks.run(ROLLBACK, rollout_force_conflicts=True).ok()
    assert re.search(r"Deployment mcp-server: roll back to revision \d+", done.output), done.output[-3000:]
    assert {item["metadata"]["name"]: images(item) for item in cluster.objects("deployments,statefulsets")} == before
    assert done.recap["changed"] == 1 and playbooks.run(ROLLBACK).ok().recap["changed"] == 0


def test_rollback_of_an_unknown_name_lists_the_existing_ones(deployed, playbooks):
    run = playbooks.run(ROLLBACK, rollback_workloads="backend")
    assert run.status != 0 and "rollback_workloads names backend" in run.output and "backend-api" in run.output, run.output[-3000:]


@pytest.mark.long
def test_rollback_by_name_and_to_a_revision(deployed, playbooks, changes):
    cluster, _run = deployed
    before = workload(cluster, "audit-service")
    cluster.kubectl("set", "env", "deployment/audit-service", f"ROLLBACK_TEST={time.time()}")
    cluster.kubectl("rollout", "status", "deployment/audit-service", "--timeout=300s")
    changed = workload(cluster, "audit-service")
    force = {"rollback_workloads": "audit-service", "rollout_force_conflicts": True}
    playbooks.run(ROLLBACK, **force).ok()
    assert workload(cluster, "audit-service")["spec"]["template"] == before["spec"]["template"]
    again = playbooks.run(ROLLBACK, **force).ok()
    assert again.recap["changed"] == 0 and "To restore another revision, name one" in " ".join(again.output.split()), again.output[-3000:]
    for wanted in (changed, before):  # by their numbers at that time: each rollback creates a new one
        number = wanted["metadata"]["annotations"][REVISION]
        playbooks.run(ROLLBACK, rollback_to_revision=number, **force).ok()
        assert workload(cluster, "audit-service")["spec"]["template"] == wanted["spec"]["template"]
    many = playbooks.run(ROLLBACK, rollback_workloads="audit-service,frontend", rollback_to_revision=number)
    assert many.status != 0 and "has its own revision numbers" in many.output


@pytest.mark.long
@pytest.mark.parametrize("next_run", ["broken", "mended"])
def test_interrupted_rollback_is_completed_by_the_next_run(deployed, addresses, playbooks, changes, own_copy, next_run):
    cluster, _run = deployed
    before = workload(cluster, "backend-api")
    app = break_backend(own_copy)
    with Load(f"{addresses[1]}/health") as load:
        process = playbooks.start(DEPLOY, runbook_app_file=app, **SOON)
        until = time.monotonic() + 300
        while "after a failure" not in workload(cluster, "backend-api")["metadata"]["annotations"].get(CAUSE, ""):
            assert time.monotonic() < until and process.poll() is None, "it was not rolled back"
        kill_group(process)
        if next_run == "mended":
            mend_backend(own_copy)
        again = playbooks.run(DEPLOY, runbook_app_file=app, **SOON)
    assert not load.failures, f"{len(load.failures)} of {load.requests}: {load.failures[:5]}"
    if next_run == "mended":
        again.ok()
        return
    assert again.status != 0 and "which is available again" in again.output, again.output[-3000:]
    assert workload(cluster, "backend-api")["spec"]["template"] == before["spec"]["template"]


@pytest.mark.long
def test_rollback_on_failure_can_be_disabled(deployed, playbooks, changes, own_copy):
    cluster, _run = deployed
    before = images(workload(cluster, "backend-api"))
    failed = playbooks.run(DEPLOY, runbook_app_file=break_backend(own_copy), rollout_rollback_on_failure=False, **SOON)
    assert failed.status != 0 and "rolled back" not in failed.output
    assert images(workload(cluster, "backend-api")) != before
    playbooks.run(ROLLBACK, runbook_app_file=str(own_copy / "app.yml")).ok()
    assert images(workload(cluster, "backend-api")) == before


@pytest.mark.long
def test_interrupted_run_restarts_readers_of_a_changed_secret_later(deployed, playbooks, as_described, changes, tmp_path):
    cluster, _run = deployed
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"todo_openai_api_key": f"key-{time.time()}"}))
    before = workload(cluster, "backend-api")["spec"]["template"]
    playbooks.killed_after("Find the objects that an apply would change", DEPLOY, "-e", f"@{settings}")
    assert workload(cluster, "backend-api")["spec"]["template"] == before
    done = playbooks.run(DEPLOY, "-e", f"@{settings}").ok()
    assert workload(cluster, "backend-api")["spec"]["template"] != before
    assert playbooks.run(DEPLOY, "-e", f"@{settings}").ok().recap["changed"] == 0, done.output[-2000:]
