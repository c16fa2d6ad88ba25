# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resolves the host name of a database inside the cluster to a pod and its port."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import RunbookError
from ..cluster.client import Cluster
from ..cluster.errors import ApiError
from ..cluster.pods import is_active, is_ready

NAME = re.compile(r"(?P<name>[a-z]([-a-z0-9]*[a-z0-9])?)(\.(?P<namespace>[a-z0-9]([-a-z0-9]*[a-z0-9])?)(\.svc(\.[-a-z0-9.]+)?)?)?\.?")
ALTERNATIVES = "Use via: direct, via: pod, or name a Service with pods in the option service."


@dataclass(frozen=True)
class Endpoint:
    """A pod's port."""

    namespace: str
    pod: str
    port: int


def service_named(host: str, namespace: str) -> tuple[str, str] | None:
    """(name, namespace) of the Service that a host name refers to inside the cluster, None where it can't be one. Pure."""
    match = NAME.fullmatch(host)
    return (match["name"], match["namespace"] or namespace) if match else None


def endpoint_of(cluster: Cluster, service: tuple[str, str] | None, host: str, port: int) -> Endpoint:
    """A ready pod behind the Service, with the target of the Service's port. Raises RunbookError where there is none."""
    if service is None:
        raise RunbookError(f"{host or 'The local socket'} is not the name of a Service, so there is no pod to forward to. {ALTERNATIVES}")
    name, namespace = service
    try:
        obj = cluster.get("Service", name, namespace)
        pods = cluster.list("Pod", namespace) if obj else []
    except ApiError as error:
        raise RunbookError(f"The pod behind Service {namespace}/{name} can't be found: {error}. Allow get on services, list on pods.") from error
    if not obj:
        raise RunbookError(f"There is no Service {name} in namespace {namespace}. {ALTERNATIVES}")
    return select_endpoint(obj, pods, port)


def select_endpoint(service: dict, pods: list[dict], port: int) -> Endpoint:
    """The endpoint for a Service, from the pods of its namespace. Pure."""
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    selector = service["spec"].get("selector")
    if not selector:
        raise RunbookError(f"Service {namespace}/{name} has no selector: its endpoints are not pods of this cluster. {ALTERNATIVES}")
    entry = next((one for one in service["spec"].get("ports") or [] if one["port"] == port), None)
    if entry is None:
        raise RunbookError(f"Service {namespace}/{name} has no port {port}. Correct the port in the database's URL.")
    ready = [pod for pod in pods if selector.items() <= (pod["metadata"].get("labels") or {}).items() and is_active(pod) and is_ready(pod)]
    if not ready:
        raise RunbookError(f"No pod behind Service {namespace}/{name} is ready. Start the database first.")
    pod = min(ready, key=lambda one: one["metadata"]["name"])
    return Endpoint(namespace, pod["metadata"]["name"], _number(entry.get("targetPort", port), pod))


def _number(target: int | str, pod: dict) -> int:
    if isinstance(target, int):
        return target
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
    number = next((port["containerPort"] for port in ports if port.get("name") == target), None)
    if number is None:
        raise RunbookError(f"Pod {pod['metadata']['namespace']}/{pod['metadata']['name']} has no port named {target}.")
    return number
