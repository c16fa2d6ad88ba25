# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Node.js ends its connections too early (Happy Eyeballs), for real: recognized, cured and verified from the pod, and nothing that only looks like it."""

from __future__ import annotations

import json

import pytest
from dapr_faults.cluster_state import eventually
from modules import run_module
from slow_network import CLIENT, CLOSED, DROPPED, HOST, NAMESPACE, SLOW, apply, client, create, deployment

from roles import Roles

pytestmark = pytest.mark.phase("beside", "network")
PLAYBOOK = "tests/cluster/playbooks/network.yml"
FRONTEND = [{"kind": "Deployment", "name": "frontend"}]
TARGET = {"host": HOST, "port": SLOW}
LIMIT = "--network-family-autoselection-attempt-timeout="


@pytest.fixture(scope="module")
def address(cluster):
    """The address of the store."""
    yield create(cluster)
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(scope="module")
def module(cluster):
    def run(name: str, check: bool = False, **arguments) -> dict:
        return run_module(name, check, kubeconfig=str(cluster.kubeconfig), context=cluster.profile, namespace=NAMESPACE, **arguments)

    return run


@pytest.fixture
def frontend(cluster, address):
    """An application that cannot connect, as its log says."""
    cluster.kubectl("delete", "deployment", "frontend", "-n", NAMESPACE, "--ignore-not-found")
    apply(cluster, client(cluster, "frontend", address))
    cluster.kubectl("rollout", "status", "deployment/frontend", "-n", NAMESPACE, "--timeout=300s")
    eventually(lambda: require_log(cluster, "AggregateError ETIMEDOUT ETIMEDOUT,ENETUNREACH"))
    return address


def require_log(cluster, words: str) -> None:
    log = cluster.kubectl("logs", "deployment/frontend", "-n", NAMESPACE, "--tail=3", check=False)
    assert words in log, log


def node_options(cluster, name: str = "frontend") -> list[dict]:
    container = json.loads(cluster.kubectl("get", "deployment", name, "-n", NAMESPACE, "-o", "json"))["spec"]["template"]["spec"]["containers"][0]
    return [entry for entry in container.get("env", []) if entry["name"] == "NODE_OPTIONS"]


def recover(cluster, *options: str, **variables):
    place = {"network_kubeconfig": str(cluster.kubeconfig), "network_context": cluster.profile, "network_namespace": NAMESPACE}
    return Roles().run(PLAYBOOK, *options, **place, network_workloads=FRONTEND, network_targets=[TARGET], **variables)


def test_connections_that_end_too_early_are_cured_and_stay_so(cluster, module, frontend):
    probed = module("connectivity_probe", workloads=FRONTEND, targets=[TARGET])
    connection = probed["workloads"][0]["connections"][0]
    assert connection["cause"] == "happy_eyeballs" and "ends each attempt after" in probed["problems"][0], probed
    assert [attempt["failure"] for attempt in connection["tcp"]] == ["", "ENETUNREACH"] and connection["tcp"][0]["ms"] > 900, connection
    predicted = recover(cluster, "--check").ok()
    assert predicted.recap["changed"] == 1 and LIMIT in predicted.output and not node_options(cluster)
    done = recover(cluster).ok()
    assert done.recap["changed"] == 1 and LIMIT in node_options(cluster)[0]["value"], done.output
    eventually(lambda: require_log(cluster, "connected"))
    assert recover(cluster).ok().recap["changed"] == 0
    after_a_deploy_and_a_rollback(cluster, module, frontend)
    removed = recover(cluster, network_state="absent").ok()
    assert removed.recap["changed"] == 1 and not node_options(cluster), removed.output
    eventually(lambda: require_log(cluster, "AggregateError"))


def after_a_deploy_and_a_rollback(cluster, module, address):
    """The next version, its rollback, and the rollback of a version that fails keep the flags."""
    value = node_options(cluster)
    apply(cluster, client(cluster, "frontend", address, env=[{"name": "VERSION", "value": "2"}]))
    assert not module("rollout", workloads=FRONTEND, change_cause="version 2")["failed"] and node_options(cluster) == value
    undone = module("rollout", workloads=FRONTEND, state="rolled_back")
    assert not undone["failed"] and undone["changed"] and node_options(cluster) == value, undone
    assert not module("rollout", workloads=FRONTEND, state="rolled_back")["changed"]
    apply(cluster, client(cluster, "frontend", address, command=["node", "-e", "process.exit(1)"]))
    failed = module("rollout", workloads=FRONTEND, rollback_on_failure=True, max_restarts=0)
    assert failed["failed"] and "was rolled back to" in failed["msg"] and node_options(cluster) == value, failed


@pytest.mark.long
def test_flags_are_removed_if_the_new_pods_fail(cluster, frontend):
    """An application that refuses to start with any value of NODE_OPTIONS."""
    refusing = ["sh", "-c", '[ -z "$NODE_OPTIONS" ] || { echo no options here; exit 3; }; exec node -e "$0"', CLIENT]
    apply(cluster, client(cluster, "frontend", frontend, command=refusing))
    cluster.kubectl("rollout", "status", "deployment/frontend", "-n", NAMESPACE, "--timeout=300s")
    failed = recover(cluster)
    assert failed.status and "The flags were removed again." in failed.output and "no options here" in failed.output, failed.output
    assert not node_options(cluster)
    eventually(lambda: require_log(cluster, "AggregateError"))


def test_look_alikes_are_told_apart_and_not_changed(cluster, module, frontend, busybox_image):
    apply(cluster, deployment("shell", busybox_image, "", command=["sleep", "100000"]))
    cluster.kubectl("rollout", "status", "deployment/shell", "-n", NAMESPACE, "--timeout=300s")
    targets = [{"host": "store", "port": CLOSED}, {"host": "stroe", "port": SLOW}, {"host": "store", "port": DROPPED}]
    probed = module("connectivity_probe", workloads=[*FRONTEND, {"kind": "Deployment", "name": "shell"}], targets=targets, timeout=3)
    causes = [[connection["cause"] for connection in workload["connections"]] for workload in probed["workloads"]]
    assert causes == [["refused", "name_not_found", "no_answer"]] * 2 and probed["notes"] == [], probed
    assert [workload["program"] for workload in probed["workloads"]] == ["node", "sh"]
    done = module("nodejs_network_options", workloads=FRONTEND, targets=targets, timeout=3)
    assert not done["changed"] and len(done["problems"]) == 3 and not node_options(cluster), done
    policy = {"podSelector": {"matchLabels": {"app": "store"}}, "ingress": [{"ports": [{"port": SLOW}, {"port": CLOSED}]}]}
    apply(cluster, {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "store"}, "spec": policy})
    probed = module("connectivity_probe", workloads=FRONTEND, targets=targets, timeout=3)
    cluster.kubectl("delete", "networkpolicy", "store", "-n", NAMESPACE)
    causes = [connection["cause"] for connection in probed["workloads"][0]["connections"]]
    assert causes == ["refused", "name_not_found", "network_policy"] and "Ingress of NetworkPolicy store" in probed["problems"][2], probed


def test_value_of_a_manifest_or_a_config_map_is_left_and_the_flags_are_named(cluster, module, address):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "options"}, "data": {"NODE_OPTIONS": "--max-old-space-size=100"}}
    env = {
        "by-value": {"env": [{"name": "NODE_OPTIONS", "value": "--max-old-space-size=100"}]},
        "by-key": {"env": [{"name": "NODE_OPTIONS", "valueFrom": {"configMapKeyRef": {"name": "options", "key": "NODE_OPTIONS"}}}]},
        "by-all": {"envFrom": [{"configMapRef": {"name": "options"}}]},
    }
    apply(cluster, config, *[client(cluster, name, address, **fields) for name, fields in env.items()])
    workloads = [{"kind": "Deployment", "name": name} for name in env]
    waited = module("rollout", workloads=workloads)
    assert not waited["failed"], waited
    before = [node_options(cluster, name) for name in env]
    done = module("nodejs_network_options", workloads=workloads, targets=[TARGET])
    assert not done["failed"] and not done["changed"] and [node_options(cluster, name) for name in env] == before, done
    for problem, source in zip(done["problems"], ("the manifest", "ConfigMap options, key NODE_OPTIONS", "ConfigMap options (envFrom)"), strict=True):
        assert source in problem and LIMIT in problem, done


@pytest.mark.phase("application")
def test_healthy_application_is_not_changed(cluster, playbooks, as_described):
    """Each workload that has a database reaches it, by the URL of its own."""
    done = playbooks.run("playbooks/recover_network.yml").ok()
    assert done.recap["changed"] == 0 and "Nothing was changed." in done.output, done.output
    place = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.profile}
    workloads = [{"kind": "Deployment", "name": name} for name in ("frontend", "backend-api")]
    result = run_module("connectivity_probe", **place, workloads=workloads, database={})
    frontend, backend = result["workloads"]
    assert result["healthy"] and frontend["connections"][0]["database"] == backend["connections"][0]["database"] == {"healthy": True}, result
    assert (frontend["program"], backend["program"], backend["node"]) == ("node", "python", None) and frontend["node"]["process_found"], result
    assert frontend["node"]["source"], "the cure in lib/auth.ts is not found"
    unknown = playbooks.run("playbooks/recover_network.yml", network_names="fronted")
    assert unknown.status and "network_names names fronted, which todo does not have" in unknown.output.replace("\n", " "), unknown.output
