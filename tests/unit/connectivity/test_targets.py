# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pods and containers from which requests are sent, and the daprd of a pod."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.daprd import daprd_beside
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.targets import required_kinds, targets_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import Workload
from connectivity_data import ARGS, cluster_of, pod

BACKEND = Workload("Deployment", "backend")
WORKER = Workload("StatefulSet", "worker")


def targets(workload, *pods, container=None, all_pods=False):
    cluster = cluster_of(*pods)
    objects = {kind: cluster.list(kind, "default") for kind in ("Deployment", "StatefulSet", "ReplicaSet", "Pod")}
    return targets_of(workload, objects, "default", container, all_pods)


def test_only_required_kinds_are_listed():
    assert required_kinds((WORKER,)) == ["StatefulSet", "Pod"]
    assert required_kinds((BACKEND, WORKER, BACKEND)) == ["Deployment", "StatefulSet", "ReplicaSet", "Pod"]


def test_pods_are_found_by_their_owners_and_a_ready_one_comes_first():
    pods = [pod("a", "rs", ready=False), pod("b", "rs-other"), pod("c", "rs"), pod("d", "sts"), pod("e", "nobody")]
    assert [one.pod for one in targets(BACKEND, *pods)] == ["c"]
    assert [one.pod for one in targets(BACKEND, *pods, all_pods=True)] == ["c", "a"]
    assert [(one.pod, one.container, one.workload_name) for one in targets(WORKER, *pods)] == [("d", "app", "StatefulSet/worker")]


def test_terminating_and_not_running_pods_are_skipped():
    ending = pod("a", "rs", deletionTimestamp="2026-01-01T00:00:00Z")
    crashed = pod("b", "rs", app={"waiting": {"reason": "CrashLoopBackOff"}})
    assert [one.pod for one in targets(BACKEND, ending, crashed, pod("c", "rs"))] == ["c"]
    with pytest.raises(RunbookError, match=r"no running container to send requests from\. Its pods: a: terminating; b: app CrashLoopBackOff\."):
        targets(BACKEND, ending, crashed)
    with pytest.raises(RunbookError, match="It has no pods"):
        targets(BACKEND)


def test_selected_container():
    several = pod("a", "rs", annotations={"kubectl.kubernetes.io/default-container": "main"})
    several["spec"]["containers"].insert(0, {"name": "istio-proxy"})
    several["spec"]["containers"].append({"name": "main"})
    several["status"]["containerStatuses"] += [{"name": "main", "state": {"running": {}}}, {"name": "istio-proxy", "state": {"running": {}}}]
    assert targets(BACKEND, several)[0].container == "main"
    assert targets(BACKEND, several, container="app")[0].container == "app"
    several["metadata"]["annotations"] = {}
    assert targets(BACKEND, several)[0].container == "app"
    with pytest.raises(RunbookError, match="container: pod a has no container other. It has istio-proxy, app, daprd, main"):
        targets(BACKEND, several, container="other")


def test_missing_workload():
    with pytest.raises(RunbookError, match=r"Deployment backed does not exist in namespace default\. Existing: backend\."):
        targets(Workload("Deployment", "backed"))


@pytest.mark.parametrize("native", [False, True])
def test_daprd_of_a_pod(native):
    (target,) = targets(BACKEND, pod("a", "rs", native=native))
    daprd = daprd_beside(target)
    assert (daprd.http_port, daprd.app_port, daprd.not_running) == (3500, 8000, "")


@pytest.mark.parametrize(
    ("args", "ports"),
    [(["--dapr-http-port=3600", "-app-port", "80"], (3600, 80)), ([], (3500, 0)), (["--dapr-http-port"], (3500, 0)), (ARGS, (3500, 8000))],
)
def test_ports_of_daprd(args, ports):
    (target,) = targets(BACKEND, pod("a", "rs"))
    target.pod_object["spec"]["containers"][1]["args"] = args
    assert (daprd_beside(target).http_port, daprd_beside(target).app_port) == ports


@pytest.mark.parametrize(
    ("annotations", "words"), [({"dapr.io/enabled": "true"}, "injector was not ready"), ({}, "annotate its pod template"), (None, "annotate")]
)
def test_pod_without_daprd(annotations, words):
    (target,) = targets(BACKEND, pod("a", "rs", daprd=False, annotations=annotations))
    with pytest.raises(RunbookError, match=rf"pod default/a of Deployment/backend has no container daprd.*{words}"):
        daprd_beside(target)
