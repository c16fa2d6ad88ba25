# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No secret is shown, at whatever verbosity; a changed one reaches the pods that read it, and no other pod is touched."""

from __future__ import annotations

import base64
import json

DEPLOY = "playbooks/deploy.yml"
PLANTED = "planted-k3y-5f0c2d9b7a"


def values_of(cluster) -> set[str]:
    """Every value in the application's Secrets, as it is and in base64."""
    data = [item.get("data", {}) for item in cluster.objects("secrets") if item["type"] == "Opaque"]
    encoded = {value for values in data for value in values.values()}
    return encoded | {base64.b64decode(value).decode() for value in encoded}


def started(cluster) -> dict[str, str]:
    """When the pods of each workload were made."""
    return {pod["metadata"]["labels"]["app.kubernetes.io/name"]: pod["metadata"]["creationTimestamp"] for pod in cluster.objects("pods")}


def test_a_changed_value_is_shown_nowhere_and_restarts_its_readers_only(deployed, playbooks, tmp_path):
    cluster, _run = deployed
    before = started(cluster)
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"todo_openai_api_key": PLANTED}))
    run = playbooks.run(DEPLOY, "-e", f"@{settings}", "-vvvv", "--diff").ok()
    assert cluster.kubectl("exec", "deploy/backend-api", "-c", "backend-api", "--", "printenv", "OPENAI_API_KEY").strip() == PLANTED
    after = started(cluster)
    assert {name for name in after if after[name] != before[name]} == {"backend-api"}
    secrets = values_of(cluster)
    assert PLANTED in secrets and len(secrets) > 8
    assert [value for value in secrets if len(value) >= 8 and value in run.output and value != "none-needed"] == []


def test_a_given_auth_secret_that_differs_is_refused_and_names_the_playbook(deployed, playbooks):
    cluster, _run = deployed
    before = values_of(cluster)
    data = {"better-auth-secret": {"value": PLANTED, "rotated_by": "rotate_secret.yml", "generate": None}}
    run = playbooks.run(DEPLOY, runbook_app_overrides={"secrets": [{"name": "frontend-secrets", "data": data}]})
    assert run.status != 0 and "rotate_secret.yml" in run.output, run.output[-3000:]
    assert PLANTED not in run.output
    assert values_of(cluster) == before
