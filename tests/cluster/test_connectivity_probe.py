# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking Dapr from inside the application's own pods: python, and a shell with busybox's wget."""

from __future__ import annotations

import pytest
from dapr_faults.cases import fault
from dapr_faults.looks import dapr_serves
from dapr_faults.workloads import NAMESPACE, apply, ready_pods, remove, remove_namespace, workload
from modules import run_module

pytestmark = pytest.mark.phase("cluster_wide")
APPLICATION = [{"kind": "Deployment", "name": name} for name in ("backend-api", "mcp-server", "audit-service")]
PROBE = {"pubsub": "pubsub", "topic": "runbook-probe"}


@pytest.fixture(scope="module", autouse=True)
def _serving(cluster):
    dapr_serves(cluster)
    yield
    remove_namespace(cluster)


@pytest.fixture
def probe(cluster):
    def run(check: bool = False, **arguments) -> dict:
        return run_module("connectivity_probe", check, kubeconfig=str(cluster.kubeconfig), context=cluster.profile, **arguments)

    return run


def test_a_healthy_application_is_known_from_inside(probe):
    told = probe(workloads=APPLICATION)
    assert told["healthy"] and not told["changed"] and told["problems"] == [], told
    seen = {entry["name"]: entry for entry in told["workloads"]}
    assert {entry["program"] for entry in seen.values()} == {"python"}
    assert all("pubsub" in [one["name"] for one in entry["dapr"]["components"]] for entry in seen.values()), told
    assert seen["audit-service"]["dapr"]["subscriptions"], told
    assert seen["backend-api"]["dapr"]["app_id"] == "backend-api" and seen["backend-api"]["dapr"]["version"]


def test_an_event_is_published_only_where_nobody_takes_it(probe):
    foreseen = probe(check=True, workloads=APPLICATION, publish=PROBE)
    assert foreseen["changed"] and foreseen["would_publish"] == {**PROBE, "workload": "Deployment/backend-api"} and "published" not in foreseen, foreseen
    done = probe(workloads=APPLICATION, publish=PROBE)
    assert done["changed"] and done["published"]["status"] == 204 and done["healthy"], done
    taken = probe(workloads=APPLICATION)["workloads"][2]["dapr"]["subscriptions"][0]
    refused = probe(workloads=APPLICATION, publish={"pubsub": taken["pubsub"], "topic": taken["topic"]})
    assert refused["failed"] and "publish.topic: Deployment/audit-service is subscribed" in refused["msg"], refused
    unknown = probe(workloads=APPLICATION, publish={**PROBE, "pubsub": "nosuch"})
    assert unknown["failed"] and "publish.pubsub: " in unknown["msg"] and "It has pubsub" in unknown["msg"], unknown


def test_bad_input_names_what_there_is(probe):
    wrong = probe(workloads=[{"kind": "Deployment", "name": "backend"}])
    assert wrong["failed"] and "there is no Deployment backend" in wrong["msg"] and "backend-api" in wrong["msg"], wrong
    without = probe(workloads=[{"kind": "Deployment", "name": "frontend"}])
    assert without["failed"] and "has no container daprd" in without["msg"], without


def test_a_shell_without_python_and_node_is_enough(cluster, probe):
    apply(cluster, workload(cluster, "shell-only"))
    ready_pods(cluster, "shell-only")
    told = probe(namespace=NAMESPACE, workloads=[{"kind": "Deployment", "name": "shell-only"}])
    assert told["healthy"] and told["workloads"][0]["program"] == "sh+wget", told
    remove(cluster, "shell-only")


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "words"),
    [("daprd_stuck", "is stuck: port 3500 takes connections"), ("app_not_listening", "its application does not listen at its app-port 8080")],
)  # fmt: skip
def test_what_is_wrong_is_told(cluster, probe, name, words):
    found = fault(name)
    try:
        found.make(cluster)
        told = probe(namespace=NAMESPACE, workloads=[{"kind": "Deployment", "name": found.app}], all_pods=True, timeout=3)
        assert not told["failed"] and not told["healthy"] and any(words in problem for problem in told["problems"]), told
    finally:
        found.clean(cluster)
