# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What --check tells of a changed tree is what the next run then does, and the API server stores nothing meanwhile."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from audit import AuditLog

DEPLOY = "playbooks/deploy.yml"
SECRET = "backend-api-secrets"  # made of others' values, so that it comes back as it was


@pytest.fixture(scope="module")
def audit(deployed) -> AuditLog:
    log = AuditLog(deployed[0])
    log.switch_on()
    return log


def change_a_line(example: Path) -> None:
    source = example / "backend/main.py"
    source.write_text(f"{source.read_text()}\n# changed at {time.time()}\n")


def change_a_manifest(example: Path) -> str:
    """Gives the audit service one more label, which rolls no pod; returns its value."""
    manifest = example / "manifests/app/audit-service.yml.j2"
    label = f"t{int(time.time())}"
    text, count = re.subn(r"^  labels: \{", f"  labels: {{runbook-test: {label}, ", manifest.read_text(), flags=re.MULTILINE)
    assert count >= 2, "the manifest is written in another way now"
    manifest.write_text(text)
    return label


def reported(playbooks, report: Path, *options: str, **variables) -> dict:
    """What a deploy says in its report."""
    playbooks.run(DEPLOY, *options, runbook_report_file=str(report), **variables).ok()
    return json.loads(report.read_text())


def test_check_tells_what_the_next_run_does(deployed, playbooks, audit, own_copy, tmp_path):
    cluster, _run = deployed
    change_a_line(own_copy)
    label = change_a_manifest(own_copy)
    cluster.kubectl("delete", "secret", SECRET)
    app = str(own_copy / "app.yml")

    began = datetime.now(timezone.utc)
    predicted = reported(playbooks, tmp_path / "check.json", "--check", runbook_app_file=app)
    ended = datetime.now(timezone.utc)
    done = reported(playbooks, tmp_path / "run.json", runbook_app_file=app)

    assert predicted["check_mode"] and not done["check_mode"]
    assert predicted["actions"] == done["actions"]
    told = [(action["what"], action["kind"], action["name"]) for action in done["actions"]]
    built = [name for what, kind, name in told if (what, kind) == ("build", "Image")]
    assert len(built) == 1 and built[0].startswith("backend-api:"), told
    assert {("create", "Secret", SECRET), ("change", "Deployment", "backend-api"), ("change", "Deployment", "audit-service")} <= set(told), told
    assert not any(name in ("frontend", "mcp-server", "postgres") for _what, _kind, name in told), told

    stored = [write for write in audit.writes(began, ended) if write.stored]
    assert stored == [], stored
    # The log would have shown it: the real run's writes are there, of just these objects.
    written = {(write.resource, write.name) for write in audit.writes(ended, datetime.now(timezone.utc)) if write.stored}
    assert {("deployments", "backend-api"), ("deployments", "audit-service"), ("secrets", SECRET)} <= written, written
    assert cluster.kubectl("get", "deployment", "audit-service", "-o", "jsonpath={.metadata.labels.runbook-test}") == label


def test_the_tree_as_it_was_is_told_as_truly(deployed, playbooks, tmp_path):
    """Back to the tree of the checkout: its images are there, so only manifests change; then nothing is left to do."""
    predicted = reported(playbooks, tmp_path / "check.json", "--check")
    done = reported(playbooks, tmp_path / "run.json")
    assert predicted["actions"] == done["actions"] != []
    assert {action["kind"] for action in done["actions"]} == {"Deployment", "Service"} or {action["what"] for action in done["actions"]} == {"change"}
    assert reported(playbooks, tmp_path / "again.json", "--check")["actions"] == []
