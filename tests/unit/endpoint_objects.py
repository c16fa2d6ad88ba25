# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services, EndpointSlices and their pods in the shape in which the API sends them."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.model import Observed
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import Observation, Workload
from workload_objects import START, at, container_status, meta, pod, running

LATER = START.replace(hour=13)
PORTS = [{"name": "http", "containerPort": 8080}]


def service(name="web", **spec) -> dict:
    """A Service of the pods with app=web."""
    spec = {"type": "ClusterIP", "clusterIP": "10.96.0.7", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    return {"metadata": meta(name), "spec": spec}


def web_pod(name="web-1", ready=True, labels=None, ports=None, status=None, **more) -> dict:
    """A pod that runs, with a container that declares a port."""
    containers = [{"name": "app", "image": "app:1", "ports": PORTS if ports is None else ports, "readinessProbe": {}, **more}]
    made = pod(name, phase="Running", containers=containers, statuses=[status or container_status(state=running(), ready=ready)])
    made["metadata"]["labels"] = labels or {"app": "web", "pod-template-hash": "new"}
    made["status"]["conditions"].append({"type": "Ready", "status": str(ready)})
    return made


def endpoint_slice(name="web", ready=True, ports=({"port": 8080},), target="web-1", address="10.244.0.5") -> dict:
    """The slice of a Service with one endpoint."""
    endpoint = {"addresses": [address], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": target}}
    return {"metadata": meta(f"{name}-slice", labels={"kubernetes.io/service-name": name}), "ports": list(ports), "endpoints": [endpoint]}


def deployment(name="web", labels=None, replicas=1, **status) -> dict:
    template = {"metadata": {"labels": labels or {"app": name}}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    made = {"observedGeneration": 1, "conditions": [], **status}
    return {"metadata": meta(name, generation=1), "spec": {"replicas": replicas, "template": template}, "status": made}


def observed(*services: dict, slices=(), pods=(), deployments=(), events=(), elsewhere: list | None = None) -> Observed:
    """A namespace with these objects."""
    objects = {"Pod": pods, "Deployment": deployments, "Event": events, "ReplicaSet": ()}
    stored = {kind: {obj["metadata"]["uid"]: obj for obj in items} for kind, items in objects.items()}
    workloads = tuple(Workload("Deployment", item["metadata"]["name"]) for item in deployments)
    return Observed(list(services), list(slices), Observation("default", workloads, START, stored), LATER, elsewhere)


__all__ = ["LATER", "at", "deployment", "endpoint_slice", "observed", "service", "web_pod"]
