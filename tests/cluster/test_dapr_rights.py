# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ClusterRole and Role in docs/rights are enough for dapr_recovery, and with less it says what is missing, and for what."""

from __future__ import annotations

import json

import pytest
import yaml
from dapr_faults.cases import fault
from dapr_faults.looks import dapr_serves
from harness import CHECKOUT, TestCluster
from modules import run_module

pytestmark = [pytest.mark.phase("cluster_wide"), pytest.mark.no_rerun]
USER = "runbook-dapr-rights"
# What a look at a healthy Dapr reads.
LOOKED_AT = {
    "pods": "Pod", "deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "replicasets": "ReplicaSet",
    "mutatingwebhookconfigurations": "MutatingWebhookConfiguration", "endpointslices": "EndpointSlice", "configmaps": "ConfigMap", "secrets": "Secret",
}


def roles() -> list[dict]:
    return yaml.safe_load((CHECKOUT / "docs/rights/dapr_recovery.yml").read_text())["items"]


def without(resource: str, *verbs: str) -> list[dict]:
    """The roles, of whose rules none gives one of those verbs on that resource."""
    given = roles()
    for role in given:
        for rule in role["rules"]:
            if resource in rule["resources"]:
                rule["verbs"] = [verb for verb in rule["verbs"] if verb not in verbs]
        role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
    return given


@pytest.fixture(scope="module")
def user(cluster, tmp_path_factory):
    """Gives a service account roles, and runs the module as it."""
    dapr_serves(cluster)
    cluster.kubectl("create", "serviceaccount", USER)
    account = f"--serviceaccount=default:{USER}"
    cluster.kubectl("create", "clusterrolebinding", USER, f"--clusterrole={USER}", account)
    cluster.kubectl("create", "rolebinding", USER, f"--role={USER}", account, "-n", "dapr-system")
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--flatten", "--minify", "-o", "json"))
    config["users"][0]["user"] = {"token": cluster.kubectl("create", "token", USER).strip()}
    file = tmp_path_factory.mktemp("rights") / "kubeconfig"
    file.write_text(json.dumps(config))

    def run(given: list[dict]) -> dict:
        for role in given:
            role["metadata"]["name"] = USER
        cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(given))
        return run_module("dapr_recovery", kubeconfig=str(file))

    yield run
    remove(cluster)


def remove(cluster: TestCluster) -> None:
    for kind in ("clusterrolebinding", "clusterrole", "serviceaccount"):
        cluster.kubectl("delete", kind, USER)
    for kind in ("rolebinding", "role"):
        cluster.kubectl("delete", kind, USER, "-n", "dapr-system")


def test_they_are_enough_to_look_and_to_act(cluster, user):
    looked = user(roles())
    assert not looked["failed"] and looked["healthy"] and not looked["changed"], looked
    found = fault("webhook_without_ca")
    try:
        found.make(cluster)
        refused = user(without("mutatingwebhookconfigurations", "patch"))
        assert refused["failed"] and "Not allowed to patch MutatingWebhookConfiguration" in refused["msg"] and "Nothing was changed" in refused["msg"], refused
        found.persists(cluster)
        done = user(roles())
        assert not done["failed"] and [action["what"] for action in done["actions"]] == ["set_ca_bundle"], done
    finally:
        found.clean(cluster)


@pytest.mark.parametrize("resource", [pytest.param(name, marks=() if name == "endpointslices" else pytest.mark.long) for name in LOOKED_AT])
def test_what_is_missing_is_named_with_its_purpose(user, resource):
    refused = user(without(resource, "get", "list"))
    assert refused["failed"] and f" {LOOKED_AT[resource]} " in refused["msg"] and "which is needed to" in refused["msg"], refused
