# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pod, and which of its ports, stands behind the host name of a database inside the cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import is_active, is_ready

NAME = re.compile(r"(?P<name>[a-z]([-a-z0-9]*[a-z0-9])?)(\.(?P<namespace>[a-z0-9]([-a-z0-9]*[a-z0-9])?)(\.svc(\.[-a-z0-9.]+)?)?)?\.?")
TRY_OTHER_WAYS = "Use via: direct, via: pod, or name a Service with pods in the option service."


@dataclass(frozen=True)
class Endpoint:
    """A pod's port."""

    namespace: str
    pod: str
    port: int


def service_named(host: str, namespace: str) -> tuple[str, str] | None:
    """(name, namespace) of the Service that a host name means inside the cluster, None where it can't mean one. Pure."""
    found = NAME.fullmatch(host)
    return (found["name"], found["namespace"] or namespace) if found else None


def endpoint_of(cluster: Cluster, service: tuple[str, str] | None, host: str, port: int) -> Endpoint:
    """A ready pod behind the Service, with the port that the Service's port leads to. Raises RunbookError where there is none."""
    if service is None:
        raise RunbookError(f"{host or 'The local socket'} is no name of a Service, so there is no pod to forward to. {TRY_OTHER_WAYS}")
    name, namespace = service
    try:
        found = cluster.get("Service", name, namespace)
        pods = cluster.list("Pod", namespace) if found else []
    except ApiError as error:
        raise RunbookError(f"The pod behind Service {namespace}/{name} can't be found: {error}. Allow get on services, list on pods.") from error
    if not found:
        raise RunbookError(f"There is no Service {name} in namespace {namespace}. {TRY_OTHER_WAYS}")
    return chosen(found, pods, port)


def chosen(service: dict, pods: list[dict], port: int) -> Endpoint:
    """The endpoint, out of a Service and the pods of its namespace. Pure."""
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    selector = service["spec"].get("selector")
    if not selector:
        raise RunbookError(f"Service {namespace}/{name} selects no pods, as its endpoints are elsewhere. {TRY_OTHER_WAYS}")
    entry = next((one for one in service["spec"].get("ports") or [] if one["port"] == port), None)
    if entry is None:
        raise RunbookError(f"Service {namespace}/{name} has no port {port}. Correct the port in the database's URL.")
    ready = [pod for pod in pods if selector.items() <= (pod["metadata"].get("labels") or {}).items() and is_active(pod) and is_ready(pod)]
    if not ready:
        raise RunbookError(f"No pod behind Service {namespace}/{name} is ready. Bring the database up first.")
    pod = min(ready, key=lambda one: one["metadata"]["name"])
    return Endpoint(namespace, pod["metadata"]["name"], _number(entry.get("targetPort", port), pod))


def _number(target: int | str, pod: dict) -> int:
    if isinstance(target, int):
        return target
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
    found = next((port["containerPort"] for port in ports if port.get("name") == target), None)
    if found is None:
        raise RunbookError(f"Pod {pod['metadata']['namespace']}/{pod['metadata']['name']} has no port named {target}.")
    return found
