# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role dapr on the real cluster."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess

import pytest
from harness import TestCluster

from roles import PLAYBOOK, Roles

pytestmark = pytest.mark.phase("cluster_wide")
NAMESPACE = "dapr-system"


def handed_over(cluster: TestCluster) -> dict:
    """The record of the cluster by the role local_cluster."""
    return json.loads((cluster.state / "local_cluster.json").read_text(encoding="utf-8"))


def helm(cluster: TestCluster, *arguments: str) -> str:
    """The output of helm for the cluster."""
    command = [handed_over(cluster)["helm"], "--kubeconfig", str(cluster.kubeconfig), "--kube-context", cluster.profile, "--namespace", NAMESPACE, *arguments]
    return subprocess.run(command, check=True, text=True, capture_output=True, timeout=300).stdout


def revision(cluster: TestCluster) -> int:
    return json.loads(helm(cluster, "status", "dapr", "--output", "json"))["version"]


def mark(cluster: TestCluster, status: str) -> None:
    """Writes a status into the latest release as Helm does: in the compressed record and in the label."""
    name = f"sh.helm.release.v1.dapr.v{revision(cluster)}"
    secret = json.loads(cluster.kubectl("get", "secret", name, "-n", NAMESPACE, "-o", "json"))
    release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    release["info"]["status"] = secret["metadata"]["labels"]["status"] = status
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    secret["data"]["release"] = base64.b64encode(packed).decode()
    cluster.kubectl("replace", "-f", "-", stdin=json.dumps(secret))


def test_control_plane_is_ready(deployed):
    cluster, _run = deployed
    workloads = cluster.objects("deployments", NAMESPACE) + cluster.objects("statefulsets", NAMESPACE)
    assert {item["metadata"]["name"]: item["status"].get("readyReplicas", 0) for item in workloads} == {
        "dapr-operator": 1, "dapr-sentry": 1, "dapr-sidecar-injector": 1, "dapr-placement-server": 1, "dapr-scheduler-server": 3,
    }


def test_second_run_creates_no_revision(deployed):
    cluster, _run = deployed
    before = revision(cluster)
    assert Roles().run(PLAYBOOK, with_dapr=True).ok().recap["changed"] == 0
    assert revision(cluster) == before


def test_interrupted_upgrade_is_unlocked(deployed):
    """A second revision with Helm's own mark of an unfinished upgrade, as a killed helm leaves it."""
    cluster, _run = deployed
    helm(cluster, "upgrade", "dapr", handed_over(cluster)["dapr_chart"], "--reuse-values")
    mark(cluster, "pending-upgrade")
    Roles().run(PLAYBOOK, with_dapr=True).ok()
    assert json.loads(helm(cluster, "status", "dapr", "--output", "json"))["info"]["status"] == "deployed"
    assert Roles().run(PLAYBOOK, with_dapr=True).ok().recap["changed"] == 0


@pytest.mark.phase("undeployed")
def test_context_is_required(tmp_path):
    playbook = tmp_path / "dapr.yml"
    playbook.write_text("- {hosts: localhost, gather_facts: false, roles: [runbook.minikube.dapr]}\n", encoding="utf-8")
    run = Roles().run(str(playbook))
    assert run.status != 0 and "dapr_context is not set." in " ".join(run.output.split())
