# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The readiness of a cluster, as its objects report it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.readiness import problems_of, ready_components_of

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=timezone.utc)
READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def objects(node=None, age=5, dns=None, storage=None, default="true"):
    return (
        [{"metadata": {"name": "n"}, "status": READY if node is None else node}],
        [{"metadata": {"name": "n"}, "spec": {"renewTime": (NOW - timedelta(seconds=age)).isoformat().replace("+00:00", "Z")}}],
        [
            {"metadata": {"name": "coredns-1", "labels": {"k8s-app": "kube-dns"}}, "status": READY if dns is None else dns},
            {"metadata": {"name": "storage-provisioner"}, "status": READY if storage is None else storage},
        ],
        [{"metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": default}}}],
        NOW,
    )


def test_ready_cluster_has_no_problem():
    assert problems_of(*objects()) == ()


def test_each_missing_component_is_reported():
    assert problems_of([], [], [], [], NOW) == (
        "no node has joined", "no CoreDNS pod is ready", "the storage provisioner is not ready", "no default StorageClass exists",
    )


def test_unready_node_has_its_message():
    status = {"conditions": [{"type": "Ready", "status": "False", "message": "container runtime is down"}]}
    assert problems_of(*objects(node=status)) == ("the node n is not Ready: container runtime is down",)


def test_node_without_lease_renewal_is_not_ready():
    assert problems_of(*objects(age=41)) == ("the kubelet of the node n does not renew its lease",)
    nodes, _leases, pods, classes, now = objects()
    assert problems_of(nodes, [], pods, classes, now) == ("the kubelet of the node n does not renew its lease",)


def test_terminating_pod_is_not_ready():
    nodes, leases, pods, classes, now = objects()
    pods[0]["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:00Z"
    assert problems_of(nodes, leases, pods, classes, now) == ("no CoreDNS pod is ready",)


def test_storage_class_must_be_default():
    assert problems_of(*objects(default="false")) == ("no default StorageClass exists",)


def test_ready_components_need_a_ready_pod():
    _nodes, _leases, pods, _classes, _now = objects()
    starting = {"metadata": {"name": "m", "labels": {"k8s-app": "metrics-server"}}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    assert ready_components_of([*pods, starting]) == ("kube-dns",)
    assert ready_components_of([*pods, {**starting, "status": READY}]) == ("kube-dns", "metrics-server")
