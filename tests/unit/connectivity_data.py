# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workloads with a sidecar, and the responses of one."""

from __future__ import annotations

import json

from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.daprd import Daprd
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.model import HttpResponse, ProbeTarget
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import Workload
from fake_cluster import FakeCluster

ARGS = ["/daprd", "--dapr-http-port", "3500", "--app-id", "backend", "--app-port", "8000"]
METADATA = {
    "id": "backend", "runtimeVersion": "1.16.0",
    "components": [
        {"name": "pubsub", "type": "pubsub.redis", "version": "v1"},
        {"name": "store", "type": "state.redis", "version": "v1", "capabilities": ["ETAG"]},
    ],
    "subscriptions": [{"pubsubname": "pubsub", "topic": "tasks", "rules": [{"path": "/events/task"}], "type": "PROGRAMMATIC"}],
    "appConnectionProperties": {"port": 8000, "protocol": "http", "channelAddress": "127.0.0.1"},
    "actorRuntime": {"runtimeStatus": "RUNNING", "activeActors": [{"type": "Cart", "count": 2}]},
}  # fmt: skip
TARGET = ProbeTarget(Workload("Deployment", "backend"), "default", "backend-1", "app")
DAPRD = Daprd(TARGET, 3500, 8000, not_running="")
GOOD = HttpResponse(204)


def metadata_response(**changes) -> HttpResponse:
    """The response of /v1.0/metadata."""
    return HttpResponse(200, json.dumps({**METADATA, **changes}))


def pod(name: str, owner: str, *, ready: bool = True, native: bool = False, daprd: bool = True, app: dict | None = None, **metadata) -> dict:
    """A pod with an application's container ``app`` in a state, and a running daprd."""
    sidecar = [{"name": "daprd", "args": ARGS}] if daprd else []
    containers = [{"name": "app"}, *([] if native else sidecar)]
    states = [("app", app or {"running": {}}), *[("daprd", {"running": {}}) for _one in sidecar]]
    return {
        "metadata": {"name": name, "namespace": "default", "uid": f"u-{name}", "ownerReferences": [{"uid": owner, "controller": True}], **metadata},
        "spec": {"containers": containers, "initContainers": sidecar if native else []},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": one, "state": state} for one, state in states],
        },
    }


def cluster_of(*pods: dict, **more) -> FakeCluster:
    """A cluster with Deployment backend, whose pods have the owner ``rs``, and StatefulSet worker, whose pods have the owner ``sts``."""
    cluster = FakeCluster(**more)
    cluster.put("Deployment", "backend", {"metadata": {"uid": "d"}})
    cluster.put("ReplicaSet", "backend-7c9f", {"metadata": {"uid": "rs", "ownerReferences": [{"uid": "d", "controller": True}]}})
    cluster.put("ReplicaSet", "other-1", {"metadata": {"uid": "rs-other", "ownerReferences": [{"uid": "d-other", "controller": True}]}})
    cluster.put("StatefulSet", "worker", {"metadata": {"uid": "sts"}})
    for one in pods:
        cluster.put("Pod", one["metadata"]["name"], one)
    return cluster
