# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workloads with Dapr whose pods cannot be created are reported with the reason: there is no pod to look at."""

from __future__ import annotations

import json

import pytest
from dapr_faults.cluster_state import eventually, wait_until_healthy
from dapr_faults.workloads import annotations, workload
from modules import run_module

pytestmark = pytest.mark.phase("cluster_wide")
NAMESPACE = "dapr-refused"


@pytest.fixture
def namespace(cluster):
    """A function that creates the namespace with labels, and applies objects in it."""
    wait_until_healthy(cluster)

    def create(labels: dict, *objects: dict) -> None:
        metadata = {"name": NAMESPACE, "labels": labels}
        items = [{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}]
        items += [{**obj, "metadata": {**obj["metadata"], "namespace": NAMESPACE}} for obj in objects]
        for item in items:
            cluster.kubectl("apply", "-f", "-", stdin=json.dumps(item))

    yield create
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")


def with_app_id(obj: dict, value: str) -> dict:
    obj["spec"]["template"]["metadata"]["annotations"] = {**annotations("refused"), "dapr.io/app-id": value}
    return obj


QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
LIMITS = {
    "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}, "spec": {"limits": [{"type": "Container", "max": {"memory": "16Mi"}}]},
}  # fmt: skip
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
CASES = {
    "pod security": ("Deployment", RESTRICTED, None, "refused", "pod_security"),
    "quota": ("StatefulSet", {}, QUOTA, "refused", "quota"),
    "limit range": ("DaemonSet", {}, LIMITS, "refused", "pod_invalid"),
    "app id": ("Deployment", {}, None, "not.an.id", "webhook_denied"),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "quota" else pytest.mark.long) for name in CASES])
def test_a_workload_without_a_pod_is_reported(cluster, namespace, name):
    kind, labels, limit, app_id, cause = CASES[name]
    refused = with_app_id(workload(cluster, "refused", kind), app_id)
    namespace(labels, *filter(None, [limit, refused]))

    def report() -> dict:
        result = run_module("dapr_recovery", check=True, kubeconfig=str(cluster.kubeconfig), context=cluster.profile, app_namespaces=[NAMESPACE])
        assert [(one["kind"], one["name"], one["cause"]) for one in result.get("problems", [])] == [(kind, "refused", cause)], result
        return result

    found = eventually(report)
    assert not cluster.objects("pods", NAMESPACE) and not found["changed"] and not found["healthy"], found
