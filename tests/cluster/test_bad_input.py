# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Invalid input of deploy.yml is refused before anything is changed, with the option and the next step."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from harness import CHECKOUT, PROFILE, STATE

pytestmark = [pytest.mark.phase("undeployed"), pytest.mark.no_rerun]
DEPLOY = "playbooks/deploy.yml"
EXAMPLE = "examples/todo/app.yml"  # the tests run in the checkout


def refused(run, *words: str) -> None:
    text = " ".join(run.output.split())
    assert run.status != 0, run.output[-3000:]
    assert run.recap["changed"] == 0
    for word in words:
        assert word in text, run.output[-3000:]


def kubeconfig(path: Path, **server) -> str:
    """A kubeconfig with one context, production."""
    cluster = {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": True, **server}
    content = {
        "apiVersion": "v1", "kind": "Config", "clusters": [{"name": "production", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": "planted-token"}}],
        "contexts": [{"name": "production", "context": {"cluster": "production", "user": "admin"}}],
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize(
    "overrides, words",
    [
        ({"images": [{"name": "backend-api", "context": "nowhere"}]}, ["runbook_app.images[1].context", "there is no folder"]),
        ({"images": [{"name": "backend-api", "dockerfile": "Dokerfile"}]}, ["runbook_app.images[1].dockerfile", "there is no file"]),
        ({"namespcae": "todo"}, ["runbook_app.namespcae", "did you mean namespace?"]),
        ({"namespace": "Todo_1"}, ["runbook_app.namespace", "RFC 1123"]),
        ({"health": [{"name": "frontend", "status": 999}]}, ["runbook_app.health", "HTTP status"]),
    ],
)
def test_error_in_the_description_is_reported_with_its_path(playbooks, overrides, words):
    refused(playbooks.run(DEPLOY, runbook_app_overrides=overrides), *words)


def test_overrides_must_be_a_mapping(playbooks):
    refused(playbooks.run(DEPLOY, runbook_app_overrides="namespace=todo"), "runbook_app_overrides must be a mapping", "got a string", "as JSON")


def test_context_requires_an_application(playbooks, tmp_path):
    """Otherwise the example would be deployed to the cluster of a user."""
    run = playbooks.run(DEPLOY, runbook_kubeconfig=kubeconfig(tmp_path / "config"), runbook_context="production", runbook_allowed_contexts=["production"])
    refused(run, "runbook_context: production", "-e runbook_app_file=app.yml")


def test_other_contexts_must_be_allowed(playbooks, tmp_path):
    run = playbooks.run(DEPLOY, runbook_app_file=EXAMPLE, runbook_kubeconfig=kubeconfig(tmp_path / "config"), runbook_context="production")
    refused(run, "runbook_allowed_contexts", "production")
    assert "planted-token" not in run.output


def test_unknown_context_is_refused_with_the_existing_ones(playbooks, tmp_path):
    run = playbooks.run(DEPLOY, runbook_app_file=EXAMPLE, runbook_kubeconfig=kubeconfig(tmp_path / "config"), runbook_context="staging")
    refused(run, "staging", "production")


def test_unreachable_cluster_is_reported(playbooks, tmp_path):
    variables = {"runbook_kubeconfig": kubeconfig(tmp_path / "config"), "runbook_context": "production", "runbook_allowed_contexts": ["production"]}
    refused(playbooks.run(DEPLOY, runbook_app_file=EXAMPLE, **variables), "127.0.0.1:9", "refused")


def test_unsupported_python_is_reported(tmp_path):
    """On a PATH with everything but Python."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "env", "dirname", "mkdir", "make"):
        (tools / name).symlink_to(shutil.which(name))
    command = [shutil.which("make"), "deploy"]
    done = subprocess.run(command, cwd=CHECKOUT, env={"PATH": str(tools), "HOME": str(tmp_path)}, text=True, capture_output=True, check=False, timeout=300)
    assert done.returncode != 0 and "No fitting Python" in done.stderr and "RUNBOOK_PYTHON=" in done.stderr


@pytest.mark.phase("stopping")
def test_stopped_cluster_of_a_context_is_not_started(playbooks, deployed):
    """With runbook_context, no cluster is started on this host: the error contains the command."""
    cluster, _run = deployed
    subprocess.run(["docker", "pause", PROFILE], check=True, capture_output=True)
    try:
        run = playbooks.run(DEPLOY, runbook_app_file=EXAMPLE, runbook_kubeconfig=str(STATE / "kubeconfig"), runbook_context=PROFILE)
    finally:
        subprocess.run(["docker", "unpause", PROFILE], check=True, capture_output=True)
    refused(run, PROFILE, "minikube")
    cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=300s")
