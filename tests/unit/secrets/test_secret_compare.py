# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module secret_compare: what it connects to, and how it reports former values."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.former import keep_former_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.modules import secret_compare
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessModule, ModuleExit
from fake_cluster import FakeCluster

LOCATION = {"secret": "api", "key": "token"}


def compare(*locations):
    with pytest.raises(ModuleExit) as ended:
        secret_compare.run(InProcessModule(secret_compare.ARGUMENT_SPEC, {"locations": list(locations)}, check_mode=False, **secret_compare.SETTINGS))
    return ended.value.result


@pytest.fixture
def cluster(monkeypatch):
    cluster = FakeCluster()
    monkeypatch.setattr(Cluster, "connect", lambda _params: cluster)
    put(cluster, "api", "the present value")
    keep_former_values(cluster, "default", "api", {"token": b"the first value"})
    keep_former_values(cluster, "default", "api", {"token": b"the second value"})
    return cluster


def put(cluster, name, value):
    cluster.put("Secret", name, {"data": {"token": base64.b64encode(value.encode()).decode()}})


def test_files_alone_need_no_cluster(monkeypatch, tmp_path):
    def refuse(_params):
        raise RunbookError("Can't connect")

    monkeypatch.setattr(Cluster, "connect", refuse)
    monkeypatch.setattr("ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module.missing", list)
    (tmp_path / "a").write_text("the value")
    (tmp_path / "b").write_text("the value\n")
    result = compare({"file": str(tmp_path / "a")}, {"file": str(tmp_path / "b")}, {"value": "the value"})
    assert result["verdict"] == "different"
    assert [one["kinds"] for one in result["differences"]] == [["trailing_newline"]]


def test_a_secret_needs_the_cluster_and_its_libraries(monkeypatch):
    monkeypatch.setattr("ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module.missing", list)
    result = compare({"value": "the value"}, LOCATION)
    assert result["failed"] and "kubernetes" in result["msg"]


def test_a_former_value_is_recognised(cluster, tmp_path):
    (tmp_path / "old").write_text("the first value")
    result = compare({**LOCATION, "check_former": True}, {"file": str(tmp_path / "old")}, {"value": "another one"})
    assert [one.get("former") for one in result["locations"]] == [None, "Secret default/api-former, key token.1", None]
    assert "is kept in Secret default/api-former, key token.1." in result["differences"][0]["message"]
    assert "kept" not in result["differences"][1]["message"]
    assert "the first value" not in str(result) and "the second value" not in str(result)


def test_former_values_are_no_difference_and_may_not_exist(cluster):
    assert compare({**LOCATION, "check_former": True}, {"value": "the present value"})["equal"]
    put(cluster, "other", "the present value")
    assert compare({**LOCATION, "check_former": True}, {"secret": "other", "key": "token", "check_former": True})["equal"]


def test_former_values_are_read_only_where_requested(cluster):
    result = compare(LOCATION, {"value": "the first value"})
    assert all("former" not in one for one in result["locations"])


def test_a_missing_permission_for_former_values_is_named(cluster, monkeypatch):
    read = cluster.get

    def refuse(kind, name, namespace):
        if name == "api-former":
            raise ApiError("no", 403, "Forbidden")
        return read(kind, name, namespace)

    monkeypatch.setattr(cluster, "get", refuse)
    result = compare({**LOCATION, "check_former": True})
    assert result["failed"] and "Not allowed to get secrets/api-former in namespace default, which is needed to compare former values" in result["msg"]
