# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fields of a pod: its owner and its sidecar."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.pods import controller_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.daprd import dapr_enabled, port_of


@pytest.mark.parametrize(
    ("kind", "name", "hash_", "expected"),
    [("ReplicaSet", "web-5f", "5f", ("Deployment", "web")), ("ReplicaSet", "web-5f", None, ("ReplicaSet", "web-5f")),
     ("ReplicaSet", "web", "5f", ("ReplicaSet", "web")), ("StatefulSet", "db", None, ("StatefulSet", "db")), (None, "", None, ("", ""))],
)  # fmt: skip
def test_owner_that_recreates_a_pod(kind, name, hash_, expected):
    owners = [{"kind": kind, "name": name, "controller": True}] if kind else []
    labels = {"pod-template-hash": hash_} if hash_ else {}
    assert controller_of({"metadata": {"ownerReferences": owners, "labels": labels}}) == expected


@pytest.mark.parametrize(("value", "enabled"), [("true", True), ("True", True), ("yes", True), ("1", True), ("false", False), ("", False), ("enabled", False)])
def test_dapr_enabled_annotation_values(value, enabled):
    assert dapr_enabled({"metadata": {"annotations": {"dapr.io/enabled": value}}}) is enabled
    assert not dapr_enabled({"metadata": {}})


@pytest.mark.parametrize("args", [["--dapr-public-port", "3600"], ["--dapr-public-port=3600"], ["-dapr-public-port=3600", "--app-port"]])
def test_port_of_daprd_from_its_arguments(args):
    assert port_of({"args": args}, "dapr-public-port", 3501) == 3600 and port_of({"args": args}, "app-port", 0) == 0
