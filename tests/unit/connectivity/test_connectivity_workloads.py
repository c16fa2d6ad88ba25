# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pods and which container are asked, and what a pod says of its daprd."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr_pod import daprd_beside
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.workloads import kinds_needed, targets_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from connectivity_data import ARGS, cluster_of, pod

BACKEND = {"kind": "Deployment", "name": "backend"}
WORKER = {"kind": "StatefulSet", "name": "worker"}


def found(workload, *pods, container=None, all_pods=False):
    cluster = cluster_of(*pods)
    objects = {kind: cluster.list(kind, "default") for kind in ("Deployment", "StatefulSet", "ReplicaSet", "Pod")}
    return targets_of(workload, "default", objects, container, all_pods)


def test_only_what_is_needed_is_listed():
    assert kinds_needed([WORKER]) == ["StatefulSet", "Pod"]
    assert kinds_needed([BACKEND, WORKER, BACKEND]) == ["Deployment", "StatefulSet", "ReplicaSet", "Pod"]


def test_pods_are_found_by_their_owners_and_a_ready_one_comes_first():
    pods = [pod("a", "rs", ready=False), pod("b", "rs-other"), pod("c", "rs"), pod("d", "sts"), pod("e", "nobody")]
    assert [one.pod for one in found(BACKEND, *pods)] == ["c"]
    assert [one.pod for one in found(BACKEND, *pods, all_pods=True)] == ["c", "a"]
    assert [(one.pod, one.container, one.workload) for one in found(WORKER, *pods)] == [("d", "app", "StatefulSet/worker")]


def test_pods_that_end_or_do_not_run_are_not_asked():
    ending = pod("a", "rs", deletionTimestamp="2026-01-01T00:00:00Z")
    crashed = pod("b", "rs", app={"waiting": {"reason": "CrashLoopBackOff"}})
    assert [one.pod for one in found(BACKEND, ending, crashed, pod("c", "rs"))] == ["c"]
    with pytest.raises(RunbookError, match=r"no running container to ask from\. Its pods: a: ends; b: app CrashLoopBackOff\."):
        found(BACKEND, ending, crashed)
    with pytest.raises(RunbookError, match="It has no pods at all"):
        found(BACKEND)


def test_the_container():
    several = pod("a", "rs", annotations={"kubectl.kubernetes.io/default-container": "main"})
    several["spec"]["containers"].insert(0, {"name": "istio-proxy"})
    several["spec"]["containers"].append({"name": "main"})
    several["status"]["containerStatuses"] += [{"name": "main", "state": {"running": {}}}, {"name": "istio-proxy", "state": {"running": {}}}]
    assert found(BACKEND, several)[0].container == "main"
    assert found(BACKEND, several, container="app")[0].container == "app"
    several["metadata"]["annotations"] = {}
    assert found(BACKEND, several)[0].container == "app"
    with pytest.raises(RunbookError, match="container: pod a has no container other. It has istio-proxy, app, daprd, main"):
        found(BACKEND, several, container="other")


def test_a_workload_that_is_not_there():
    with pytest.raises(RunbookError, match=r"no Deployment backed in namespace default\. There are: backend\."):
        found({"kind": "Deployment", "name": "backed"})


@pytest.mark.parametrize("native", [False, True])
def test_the_daprd_of_a_pod(native):
    (target,) = found(BACKEND, pod("a", "rs", native=native))
    daprd = daprd_beside(target)
    assert (daprd.http_port, daprd.app_port, daprd.state) == (3500, 8000, "")


@pytest.mark.parametrize(
    ("args", "ports"),
    [(["--dapr-http-port=3600", "-app-port", "80"], (3600, 80)), ([], (3500, 0)), (["--dapr-http-port"], (3500, 0)), (ARGS, (3500, 8000))],
)
def test_its_ports(args, ports):
    (target,) = found(BACKEND, pod("a", "rs"))
    target.found["spec"]["containers"][1]["args"] = args
    assert (daprd_beside(target).http_port, daprd_beside(target).app_port) == ports


@pytest.mark.parametrize(
    ("annotations", "words"), [({"dapr.io/enabled": "true"}, "injector did not serve"), ({}, "annotate its pod template"), (None, "annotate")]
)
def test_a_pod_without_one(annotations, words):
    (target,) = found(BACKEND, pod("a", "rs", daprd=False, annotations=annotations))
    with pytest.raises(RunbookError, match=rf"pod default/a of Deployment/backend has no container daprd.*{words}"):
        daprd_beside(target)
