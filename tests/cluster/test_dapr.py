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


def mark(cluster: TestCluster, status: str, number: int = 0) -> None:
    """Writes a status into a revision, by default the latest, as Helm does: in the compressed record and in the label."""
    name = f"sh.helm.release.v1.dapr.v{number or revision(cluster)}"
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
    """A revision that failed, and one with Helm's own mark of an unfinished upgrade, as a killed helm leaves it."""
    cluster, _run = deployed
    good = revision(cluster)
    for status in ("failed", "pending-upgrade"):
        helm(cluster, "upgrade", "dapr", handed_over(cluster)["dapr_chart"], "--reuse-values", "--set", "dapr_sentry.replicaCount=1")
        mark(cluster, status)
        mark(cluster, "deployed", good)
    Roles().run(PLAYBOOK, with_dapr=True).ok()
    latest = json.loads(helm(cluster, "status", "dapr", "--output", "json"))
    assert latest["info"]["status"] == "deployed" and helm(cluster, "get", "values", "dapr") == helm(cluster, "get", "values", "dapr", "--revision", str(good))
    assert Roles().run(PLAYBOOK, with_dapr=True).ok().recap["changed"] == 0


def test_a_missing_object_and_definition_are_restored_without_a_new_revision(deployed):
    cluster, _run = deployed
    before = revision(cluster)
    cluster.kubectl("delete", "crd", "httpendpoints.dapr.io")
    cluster.kubectl("delete", "service", "dapr-api", "-n", NAMESPACE)
    Roles().run(PLAYBOOK, with_dapr=True).ok()
    cluster.kubectl("get", "crd", "httpendpoints.dapr.io")
    cluster.kubectl("get", "service", "dapr-api", "-n", NAMESPACE)
    assert revision(cluster) == before and Roles().run(PLAYBOOK, with_dapr=True).ok().recap["changed"] == 0


def test_a_downgrade_is_refused(deployed):
    cluster, _run = deployed
    before = revision(cluster)
    refused = Roles().run(PLAYBOOK, with_dapr=True, dapr_version="1.15.0")
    output = " ".join(refused.output.split())
    assert refused.status != 0 and "dapr_version is 1.15.0, but 1.16.0 is installed, and Dapr cannot be downgraded" in output and revision(cluster) == before


@pytest.mark.phase("undeployed")
def test_context_is_required(tmp_path):
    playbook = tmp_path / "dapr.yml"
    playbook.write_text("- {hosts: localhost, gather_facts: false, roles: [runbook.minikube.dapr]}\n", encoding="utf-8")
    run = Roles().run(str(playbook))
    assert run.status != 0 and "dapr_context is not set." in " ".join(run.output.split())
