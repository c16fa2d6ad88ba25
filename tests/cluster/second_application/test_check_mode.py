# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""--check predicts exactly what the next run of a changed tree does, and stores nothing in the API server."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest
from audit import ACCOUNT, AuditLog
from own_user import OwnUser, own_user

pytestmark = [pytest.mark.phase("second_application"), pytest.mark.no_rerun]
DEPLOY = "playbooks/deploy.yml"
SECRET = "backend-api-secrets"  # composed of other Secrets' values, so that it is recreated with the same content


@pytest.fixture(scope="module")
def user(cluster, application, tmp_path_factory) -> OwnUser:
    """A user whom no other test has in the audit log."""
    user = own_user(cluster, ACCOUNT, tmp_path_factory.mktemp("check-mode"))
    user.variables.update(application.variables)
    return user


@pytest.fixture(scope="module")
def audit(cluster) -> AuditLog:
    return AuditLog(cluster)


def change_a_line(example: Path) -> None:
    source = example / "backend/main.py"
    source.write_text(f"{source.read_text()}\n# changed at {time.time()}\n")


def change_a_manifest(example: Path) -> str:
    """Adds a label to the audit service, which restarts no pod; returns its value."""
    manifest = example / "manifests/app/audit-service.yml.j2"
    label = f"t{int(time.time())}"
    text, count = re.subn(r"^  labels: \{", f"  labels: {{runbook-test: {label}, ", manifest.read_text(), flags=re.MULTILINE)
    assert count >= 2, "the form of the manifest has changed"
    manifest.write_text(text)
    return label


@dataclass
class Pair:
    """A deploy with --check and the next deploy, with their reports and times."""

    predicted: dict
    done: dict
    began: datetime
    checked: datetime

    @property
    def actions(self) -> set[tuple[str, str, str]]:
        """The actions of the deploy."""
        return {(action["what"], action["kind"], action["name"]) for action in self.done["actions"]}


def check_then_run(user, folder: Path, **variables) -> Pair:
    """Runs both with the same tree, and asserts that their lists of actions are equal."""
    began = datetime.now(timezone.utc)
    user.run(DEPLOY, "--check", runbook_report_file=str(folder / "check.json"), **variables).ok()
    checked = datetime.now(timezone.utc)
    user.run(DEPLOY, runbook_report_file=str(folder / "run.json"), **variables).ok()
    pair = Pair(json.loads((folder / "check.json").read_text()), json.loads((folder / "run.json").read_text()), began, checked)
    assert pair.predicted["check_mode"] and not pair.done["check_mode"]
    assert pair.predicted["actions"] == pair.done["actions"]
    return pair


def test_check_mode_predicts_the_next_run(deployed, user, as_described, changes, audit, own_copy, tmp_path):
    cluster, _run = deployed
    change_a_line(own_copy)
    label = change_a_manifest(own_copy)
    cluster.kubectl("delete", "secret", SECRET)

    there = check_then_run(user, tmp_path, runbook_app_file=str(own_copy / "app.yml"))
    images = [name for _what, kind, name in there.actions if kind == "Image"]
    assert len(images) == 1 and images[0].startswith("backend-api:"), there.actions
    objects = {("change", "Deployment", "backend-api"), ("change", "Deployment", "audit-service"), ("change", "Service", "audit-service")}
    readers = {("restart", "Deployment", name) for name in ("mcp-server", "audit-service")}  # of the Secret, which restart for no other reason
    assert there.actions == {("build", "Image", images[0]), ("create", "Secret", SECRET), *objects, *readers}
    assert cluster.kubectl("get", "deployment", "audit-service", "-o", "jsonpath={.metadata.labels.runbook-test}") == label

    stored = audit.stored(there.began, there.checked)
    assert stored == [], stored
    # The log would have shown it: the real run's writes are there.
    written = {(request.resource, request.name) for request in audit.stored(there.checked, datetime.now(timezone.utc))}
    assert {("deployments", "backend-api"), ("deployments", "audit-service"), ("services", "audit-service"), ("secrets", SECRET)} <= written, written


@pytest.mark.long
def test_check_of_the_former_version_predicts_no_build(deployed, user, as_described, changes, own_copy, tmp_path):
    change_a_line(own_copy)
    changed = check_then_run(user, tmp_path, runbook_app_file=str(own_copy / "app.yml"))
    assert {kind for _what, kind, _name in changed.actions} == {"Image", "Deployment"}
    former = check_then_run(user, tmp_path)
    assert former.actions == {("change", "Deployment", "backend-api")}, "the images of the checkout are in the node, and nothing else was changed"


NOWHERE = {"runbook_app_overrides": {"namespace": "checked-first"}, "todo_frontend_node_port": 30320, "todo_backend_node_port": 30820}


def test_check_mode_in_a_missing_namespace(deployed, user, audit, tmp_path):
    cluster, _run = deployed
    began = datetime.now(timezone.utc)
    user.run(DEPLOY, "--check", runbook_report_file=str(tmp_path / "check.json"), **NOWHERE).ok()
    reported = [(action["what"], action["kind"]) for action in json.loads((tmp_path / "check.json").read_text())["actions"]]
    assert reported[0] == ("create", "Namespace") and reported.count(("create", "Deployment")) == 5 and ("create", "Secret") in reported, reported
    assert audit.stored(began, datetime.now(timezone.utc)) == []
    assert not cluster.kubectl("get", "namespace", "checked-first", "--ignore-not-found")


@pytest.mark.long
def test_check_mode_predicts_the_first_deployment(deployed, user, tmp_path):
    cluster, _run = deployed
    try:
        first = check_then_run(user, tmp_path, **NOWHERE)
        assert ("create", "Namespace", "checked-first") in first.actions
        assert check_then_run(user, tmp_path, **NOWHERE).actions == set()
    finally:
        cluster.kubectl("delete", "namespace", "checked-first", "--ignore-not-found")
