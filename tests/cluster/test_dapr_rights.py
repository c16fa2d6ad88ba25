# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ClusterRole and Role in docs/rights are sufficient for dapr_recovery. With less, it reports the missing permission and its purpose."""

from __future__ import annotations

import json

import pytest
import yaml
from dapr_faults.cases import fault
from dapr_faults.cluster_state import wait_until_healthy
from harness import CHECKOUT, TestCluster
from modules import run_module

pytestmark = [pytest.mark.phase("cluster_wide"), pytest.mark.no_rerun]
USER = "runbook-dapr-rights"
# The permissions to observe a healthy Dapr.
OBSERVED = {
    "pods": "Pod", "deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "replicasets": "ReplicaSet",
    "mutatingwebhookconfigurations": "MutatingWebhookConfiguration", "endpointslices": "EndpointSlice", "configmaps": "ConfigMap", "secrets": "Secret",
}


def roles() -> list[dict]:
    return yaml.safe_load((CHECKOUT / "docs/rights/dapr_recovery.yml").read_text())["items"]


def without(resource: str, *verbs: str) -> list[dict]:
    """The roles without those verbs on that resource."""
    objects = roles()
    for role in objects:
        for rule in role["rules"]:
            if resource in rule["resources"]:
                rule["verbs"] = [verb for verb in rule["verbs"] if verb not in verbs]
        role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
    return objects


@pytest.fixture(scope="module")
def user(cluster, tmp_path_factory):
    """Grants a service account roles, and runs the module as it."""
    wait_until_healthy(cluster)
    cluster.kubectl("create", "serviceaccount", USER)
    account = f"--serviceaccount=default:{USER}"
    cluster.kubectl("create", "clusterrolebinding", USER, f"--clusterrole={USER}", account)
    cluster.kubectl("create", "rolebinding", USER, f"--role={USER}", account, "-n", "dapr-system")
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--flatten", "--minify", "-o", "json"))
    config["users"][0]["user"] = {"token": cluster.kubectl("create", "token", USER).strip()}
    file = tmp_path_factory.mktemp("rights") / "kubeconfig"
    file.write_text(json.dumps(config))

    def run(objects: list[dict]) -> dict:
        for role in objects:
            role["metadata"]["name"] = USER
        cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))
        return run_module("dapr_recovery", kubeconfig=str(file))

    yield run
    remove(cluster)


def remove(cluster: TestCluster) -> None:
    for kind in ("clusterrolebinding", "clusterrole", "serviceaccount"):
        cluster.kubectl("delete", kind, USER)
    for kind in ("rolebinding", "role"):
        cluster.kubectl("delete", kind, USER, "-n", "dapr-system")


def test_enough_to_observe_and_to_fix(cluster, user):
    healthy = user(roles())
    assert not healthy["failed"] and healthy["healthy"] and not healthy["changed"], healthy
    injected = fault("webhook_without_ca")
    try:
        injected.inject(cluster)
        refused = user(without("mutatingwebhookconfigurations", "patch"))
        assert refused["failed"] and "Not allowed to patch MutatingWebhookConfiguration" in refused["msg"] and "Nothing was changed" in refused["msg"], refused
        injected.persists(cluster)
        done = user(roles())
        assert not done["failed"] and [action["operation"] for action in done["actions"]] == ["set_ca_bundle"], done
    finally:
        injected.clean_up(cluster)


@pytest.mark.parametrize("resource", [pytest.param(name, marks=() if name == "endpointslices" else pytest.mark.long) for name in OBSERVED])
def test_missing_permission_is_named_with_its_purpose(user, resource):
    refused = user(without(resource, "get", "list"))
    assert refused["failed"] and f" {OBSERVED[resource]} " in refused["msg"] and "which is needed to" in refused["msg"], refused
