# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nodejs_network_options and the connections of connectivity_probe, with an in-memory API server and simulated containers."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.field_managers import NETWORK
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import pod as database_pod
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity import container
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.options import CureOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.run import run as cure
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.options import ProbeOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.run import run as probe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_cluster import FakeCluster
from network_data import DATABASE, HOST, LIMIT, PARAMS, PORT, PROBE, TARGET_PARAMS, Container

ENV = [{"name": "A", "value": "1"}]
FIELDS = json.dumps({"name": "app"}, separators=(",", ":")), json.dumps({"name": "NODE_OPTIONS"}, separators=(",", ":"))
TARGETS = [{**TARGET_PARAMS, "host": HOST, "port": PORT}]


class Applied(FakeCluster):
    """An API server with server-side apply of one entry of a container's environment."""

    def apply_object(self, obj, *, field_manager, **_options):
        self._allow("apply", obj["kind"])
        assert field_manager == NETWORK and obj["metadata"]["uid"] == "d"
        stored = copy.deepcopy(self.objects[obj["kind"], "default", obj["metadata"]["name"]])
        (only,) = stored["spec"]["template"]["spec"]["containers"]
        (entries,) = [item["env"] for item in obj["spec"]["template"]["spec"]["containers"]] if "spec" in obj else [[]]
        only["env"] = [*ENV, *entries]
        tree = {"f:spec": {"f:template": {"f:spec": {"f:containers": {f"k:{FIELDS[0]}": {"f:env": {f"k:{FIELDS[1]}": {}}}}}}}}
        stored["metadata"]["managedFields"] = [{"manager": NETWORK, "operation": "Apply", "fieldsV1": tree}] if entries else []
        self.put(obj["kind"], obj["metadata"]["name"], stored)
        self.writes.append(("apply", obj["kind"], obj["metadata"]["name"]))
        return stored


@pytest.fixture(name="inside")
def simulated(monkeypatch):
    inside = Container()
    monkeypatch.setattr(container, "execute", inside.execute)
    return inside


def cluster_of(**more):
    cluster = Applied(**more)
    spec = {"template": {"spec": {"containers": [{"name": "app", "env": ENV}]}}}
    cluster.put("Deployment", "web", {"metadata": {"uid": "d"}, "spec": spec})
    owners = [{"uid": "d", "controller": True}]
    cluster.put("ReplicaSet", "web-1", {"metadata": {"uid": "rs", "ownerReferences": owners}})
    status = {"phase": "Running", "containerStatuses": [{"name": "app", "state": {"running": {}}}]}
    pod = {"metadata": {"uid": "p", "ownerReferences": [{"uid": "rs", "controller": True}]}, "spec": spec["template"]["spec"], "status": status}
    cluster.put("Pod", "web-1-1", pod)
    return cluster


def run(cluster, check_mode=False, **options):
    return cure(cluster, CureOptions.of({**PARAMS, "state": "present", "targets": TARGETS, **options}), check_mode)


def env_of(cluster):
    return cluster.get("Deployment", "web", "default")["spec"]["template"]["spec"]["containers"][0]["env"]


def test_the_entry_is_predicted_written_left_and_removed(inside):
    cluster = cluster_of()
    predicted = run(cluster, check_mode=True)
    assert predicted["changed"] and env_of(cluster) == ENV and cluster.writes == []
    assert run(cluster) == predicted and env_of(cluster) == [*ENV, {"name": "NODE_OPTIONS", "value": LIMIT}]
    assert inside.requests[1]["trials"][0] == LIMIT and inside.requests[0]["trials"] == []
    assert not run(cluster)["changed"]  # the pods are not replaced yet
    inside.fixed = True
    again = run(cluster)
    assert not again["changed"] and again["problems"] == [] and again["applied"] == [{"kind": "Deployment", "name": "web"}]
    removed = run(cluster, state="absent", targets=None)
    assert removed["changed"] and env_of(cluster) == ENV and not run(cluster, state="absent", targets=None)["changed"]


def test_missing_permission_is_named_before_anything_is_written(inside):
    cluster = cluster_of(forbidden={("patch", "Deployment")})
    with pytest.raises(RunbookError, match="Not allowed to patch deployments/web in namespace default, which is needed to set .* Nothing was changed"):
        run(cluster)
    assert inside.requests and cluster.writes == []


def test_refusal_of_the_api_server_is_reported(inside):
    cluster = cluster_of()
    cluster.apply_object = lambda *_arguments, **_options: (one for one in ()).throw(ApiError("conflict with kubectl", 409, "Conflict"))
    with pytest.raises(RunbookError, match="conflict with kubectl Another manager owns the entry, .* Nothing was changed"):
        run(cluster)
    cluster = cluster_of()
    cluster.apply_object = lambda *_arguments, **_options: cluster.get("Deployment", "web", "default")
    with pytest.raises(RunbookError, match="the API server stored something else"):
        run(cluster)
    assert inside.requests


def test_container_without_any_program_is_refused(inside):
    inside.programs = set()
    with pytest.raises(RunbookError, match=r"has no program that can open connections; tried: node \(not found\), python3 .*sh with nc, bash or curl"):
        run(cluster_of())


def test_policies_are_listed_only_for_a_connection_without_an_answer(inside):
    cluster = cluster_of(forbidden={("list", "NetworkPolicy")})
    assert probe(cluster, ProbeOptions.of({**PROBE, "targets": TARGETS}), False)["notes"] == []
    inside.failure = "TIMEOUT"
    noted = probe(cluster, ProbeOptions.of({**PROBE, "targets": TARGETS}), False)
    assert not noted["healthy"] and "NetworkPolicies were not read" in noted["notes"][0]
    cluster = cluster_of()
    policy = {"spec": {"podSelector": {}, "policyTypes": ["Egress"]}}
    cluster.put("NetworkPolicy", "deny", policy)
    found = probe(cluster, ProbeOptions.of({**PROBE, "targets": TARGETS}), False)
    assert found["workloads"][0]["connections"][0]["cause"] == "network_policy" and "NetworkPolicy deny" in found["problems"][0]


def test_select_1_runs_only_where_the_database_answers(inside, monkeypatch):
    ran = []

    def execute(_cluster, _pod, _namespace, _container, _command, stdin, _timeout):
        ran.append(json.loads(stdin)["statements"][0]["sql"])
        failed = {"error": {"message": "password authentication failed", "sqlstate": "28P01", "committing": False}}
        return Execution(0, json.dumps(failed).encode(), b"")

    monkeypatch.setattr(database_pod, "execute", execute)
    options = ProbeOptions.of({**PROBE, "database": DATABASE})
    assert probe(cluster_of(), options, False)["workloads"][0]["connections"][0]["cause"] == "happy_eyeballs" and ran == []
    inside.fixed = True
    result = probe(cluster_of(), options, False)
    connection = result["workloads"][0]["connections"][0]
    assert ran == ["SELECT 1"] and connection["cause"] == "database" and "password authentication failed" in result["problems"][0]
    assert connection["database"] == {"healthy": False} and result["workloads"][0]["dapr"] is None and result["workloads"][0]["node"]["version"] == "v22.1.0"


def test_a_container_without_the_variable_is_skipped_where_it_is_not_required(inside, monkeypatch):
    monkeypatch.setattr(inside, "_target", lambda _wanted: {"url_problem": "unset"})
    optional = probe(cluster_of(), ProbeOptions.of({**PROBE, "database": DATABASE}), False)
    assert optional["healthy"] and optional["workloads"][0]["connections"] == []
    required = probe(cluster_of(), ProbeOptions.of({**PROBE, "database": {**DATABASE, "required": True}}), False)
    assert required["workloads"][0]["connections"][0]["cause"] == "url"
