# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No secret is shown, at whatever verbosity; a changed one reaches the pods that read it, and no other pod is touched."""

from __future__ import annotations

import base64
import json

import pytest

pytestmark = [pytest.mark.phase("application"), pytest.mark.no_rerun]
DEPLOY = "playbooks/deploy.yml"
PLANTED = "planted-k3y-5f0c2d9b7a"


def values_of(cluster) -> set[str]:
    """Every value in the application's Secrets, as it is and in base64."""
    data = [item.get("data", {}) for item in cluster.objects("secrets") if item["type"] == "Opaque"]
    encoded = {value for values in data for value in values.values()}
    return encoded | {base64.b64decode(value).decode() for value in encoded}


def data_of(cluster, name: str) -> dict[str, str]:
    """The keys of a Secret, each with its value in base64."""
    return next(item["data"] for item in cluster.objects("secrets") if item["metadata"]["name"] == name)


def templates(cluster) -> dict[str, str]:
    """The pod template of each workload, as text."""
    return {item["metadata"]["name"]: json.dumps(item["spec"]["template"]) for item in cluster.objects("deployments,statefulsets")}


def new_pod(cluster, name: str) -> str:
    """A pod of the present revision: those of the former one are still ending."""
    pods = cluster.objects("pods", "default", "-l", f"app.kubernetes.io/name={name}")
    return next(pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"])


def test_a_changed_value_is_shown_nowhere_and_restarts_its_readers_only(deployed, playbooks, as_described, changes, tmp_path):
    cluster, _run = deployed
    before, overwritten = templates(cluster), data_of(cluster, "backend-api-secrets")["openai-api-key"]
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"todo_openai_api_key": PLANTED}))
    run = playbooks.run(DEPLOY, "-e", f"@{settings}", "-vvvv", "--diff").ok()
    assert cluster.kubectl("exec", new_pod(cluster, "backend-api"), "-c", "backend-api", "--", "printenv", "OPENAI_API_KEY").strip() == PLANTED
    after = templates(cluster)
    readers = {name for name, template in before.items() if "backend-api-secrets" in template}
    assert "backend-api" in readers and "frontend" not in readers
    assert {name for name in after if after[name] != before[name]} == readers
    assert overwritten in data_of(cluster, "backend-api-secrets-former").values()
    secrets = values_of(cluster)
    assert PLANTED in secrets and len(secrets) > 8
    assert [value for value in secrets if len(value) >= 8 and value in run.output and value != "none-needed"] == []


def test_a_literal_auth_secret_that_differs_is_refused_and_names_the_playbook(deployed, playbooks, own_copy):
    cluster, _run = deployed
    before = values_of(cluster)
    app = own_copy / "app.yml"
    generated = "better-auth-secret: {generate: 32, rotated_by: rotate_secret.yml}"
    assert generated in app.read_text()
    app.write_text(app.read_text().replace(generated, f"better-auth-secret: {{value: {PLANTED}, rotated_by: rotate_secret.yml}}"))
    run = playbooks.run(DEPLOY, runbook_app_file=str(app))
    assert run.status != 0 and "rotate_secret.yml" in run.output, run.output[-3000:]
    assert PLANTED not in run.output
    assert values_of(cluster) == before
