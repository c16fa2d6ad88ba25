# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probing Dapr from inside the application's own pods: with python, and with a shell and busybox's wget."""

from __future__ import annotations

import pytest
from dapr_faults.cases import fault
from dapr_faults.cluster_state import wait_until_healthy
from dapr_faults.workloads import NAMESPACE, apply, ready_pods, remove, remove_namespace, workload
from modules import run_module

pytestmark = pytest.mark.phase("cluster_wide")
APPLICATION = [{"kind": "Deployment", "name": name} for name in ("backend-api", "mcp-server", "audit-service")]
PROBE = {"pubsub": "pubsub", "topic": "runbook-probe"}


@pytest.fixture(scope="module", autouse=True)
def _healthy(cluster):
    wait_until_healthy(cluster)
    yield
    remove_namespace(cluster)


@pytest.fixture
def probe(cluster):
    def run(check: bool = False, **arguments) -> dict:
        return run_module("connectivity_probe", check, kubeconfig=str(cluster.kubeconfig), context=cluster.profile, **arguments)

    return run


def test_healthy_application(probe):
    result = probe(workloads=APPLICATION)
    assert result["healthy"] and not result["changed"] and result["problems"] == [], result
    workloads = {entry["name"]: entry for entry in result["workloads"]}
    assert {entry["program"] for entry in workloads.values()} == {"python"}
    assert all("pubsub" in [one["name"] for one in entry["dapr"]["components"]] for entry in workloads.values()), result
    assert workloads["audit-service"]["dapr"]["subscriptions"], result
    assert workloads["backend-api"]["dapr"]["app_id"] == "backend-api" and workloads["backend-api"]["dapr"]["version"]


def test_event_is_published_only_without_a_subscriber(probe):
    predicted = probe(check=True, workloads=APPLICATION, publish=PROBE)
    assert predicted["changed"] and predicted["would_publish"] == {**PROBE, "workload": "Deployment/backend-api"} and "published" not in predicted, predicted
    done = probe(workloads=APPLICATION, publish=PROBE)
    assert done["changed"] and done["published"]["status"] == 204 and done["healthy"], done
    subscribed = probe(workloads=APPLICATION)["workloads"][2]["dapr"]["subscriptions"][0]
    refused = probe(workloads=APPLICATION, publish={"pubsub": subscribed["pubsub"], "topic": subscribed["topic"]})
    assert refused["failed"] and "publish.topic: Deployment/audit-service is subscribed" in refused["msg"], refused
    unknown = probe(workloads=APPLICATION, publish={**PROBE, "pubsub": "nosuch"})
    assert unknown["failed"] and "publish.pubsub: " in unknown["msg"] and "It has pubsub" in unknown["msg"], unknown


def test_invalid_input_names_the_existing_workloads(probe):
    wrong = probe(workloads=[{"kind": "Deployment", "name": "backend"}])
    assert wrong["failed"] and "Deployment backend does not exist" in wrong["msg"] and "backend-api" in wrong["msg"], wrong
    without = probe(workloads=[{"kind": "Deployment", "name": "frontend"}])
    assert without["failed"] and "has no container daprd" in without["msg"], without


def test_shell_without_python_and_node_is_sufficient(cluster, probe):
    apply(cluster, workload(cluster, "shell-only"))
    ready_pods(cluster, "shell-only")
    result = probe(namespace=NAMESPACE, workloads=[{"kind": "Deployment", "name": "shell-only"}])
    assert result["healthy"] and result["workloads"][0]["program"] == "sh+wget", result
    remove(cluster, "shell-only")


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "words"),
    [("daprd_stuck", "is stuck: port 3500 accepts connections"), ("app_not_listening", "its application does not listen on its app-port 8080")],
)  # fmt: skip
def test_problem_is_reported(cluster, probe, name, words):
    injected = fault(name)
    try:
        injected.inject(cluster)
        result = probe(namespace=NAMESPACE, workloads=[{"kind": "Deployment", "name": injected.app}], all_pods=True, timeout=3)
        assert not result["failed"] and not result["healthy"] and any(words in problem for problem in result["problems"]), result
    finally:
        injected.clean_up(cluster)
