# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ports of a Service with their endpoints, and the containers' ports behind them. Pure: objects as the API sends them."""

from __future__ import annotations

from .model import Endpoint, PortStatus

SERVICE_NAME = "kubernetes.io/service-name"
HTTP_NAMES = ("http", "web")  # how a port that speaks HTTP is named: http, http-metrics, web …


def ports_of(service: dict, slices: list[dict], pods: list[dict]) -> tuple[PortStatus, ...]:
    """The ports of a Service. ``slices``: of the namespace; ``pods``: those that the Service selects."""
    own = [item for item in slices if (item["metadata"].get("labels") or {}).get(SERVICE_NAME) == service["metadata"]["name"]]
    declared = service["spec"].get("ports") or [{}]  # a headless Service may have none
    return tuple(_port_status(port, own, pods) for port in declared)


def container_port(pod: dict, port: PortStatus) -> int | None:
    """The number behind a targetPort in a pod, None if it is a name that no container gives to a port of that protocol."""
    if not isinstance(port.target, str):
        return port.target
    found = (one["containerPort"] for one in declared_ports(pod) if (one.get("name"), one.get("protocol", "TCP")) == (port.target, port.protocol))
    return next(found, None)


def declared_ports(pod: dict) -> list[dict]:
    """The ports that a pod's containers declare, each with the ``container``."""
    sidecars = [item for item in pod["spec"].get("initContainers") or [] if item.get("restartPolicy") == "Always"]
    containers = [*pod["spec"]["containers"], *sidecars]
    return [{**port, "container": container["name"]} for container in containers for port in container.get("ports") or []]


def declared_text(pods: list[dict]) -> str:
    """The declared ports for a sentence: 8000 (http) of backend-api, 3500 of daprd."""
    ports = [port for pod in pods for port in declared_ports(pod)]
    texts = [f"{port['containerPort']}{f' ({name})' if (name := port.get('name')) else ''} of {port['container']}" for port in ports]
    return ", ".join(dict.fromkeys(texts)) or "none"


def is_declared(port: PortStatus, pods: list[dict]) -> bool:
    """Whether a container of the pods declares the targetPort, or declares no port at all, which is allowed."""
    declared = [one for pod in pods for one in declared_ports(pod)]
    return not declared or any(port.target in (one["containerPort"], one.get("name")) for one in declared)


def _port_status(port: dict, slices: list[dict], pods: list[dict]) -> PortStatus:
    target = port.get("targetPort", port.get("port"))
    endpoints = [endpoint for item in slices for endpoint in _endpoints(item, port)]
    unique = {(endpoint.address, endpoint.port): endpoint for endpoint in endpoints}
    return PortStatus(
        port.get("port"), port.get("name") or "", port.get("protocol", "TCP"), target, port.get("nodePort"), tuple(unique.values()),
        _scheme(port, target, pods),
    )


def _endpoints(item: dict, port: dict) -> list[Endpoint]:
    """The endpoints of a slice for a port of the Service, none if the slice does not have that port."""
    own = [one for one in item.get("ports") or [] if (one.get("name") or "") == (port.get("name") or "")]
    if port and not own:
        return []
    number = own[0].get("port") if own else None
    return [
        Endpoint(address, number, (endpoint.get("targetRef") or {}).get("name", ""), (endpoint.get("conditions") or {}).get("ready") is not False)
        for endpoint in item.get("endpoints") or [] for address in endpoint.get("addresses") or []
    ]


def _scheme(port: dict, target, pods: list[dict]) -> str:
    """The scheme if a port is known to speak HTTP, by its protocol, its name or a probe of the containers, otherwise ""."""
    words = [port.get("appProtocol") or "", port.get("name") or "", target if isinstance(target, str) else ""]
    if port.get("protocol", "TCP") != "TCP":
        return ""
    if any(word.startswith("https") for word in words):
        return "https"
    if any(word.startswith(HTTP_NAMES) for word in words):
        return "http"
    probes = {str(probe["port"]): (probe.get("scheme") or "HTTP").lower() for pod in pods for probe in _http_probes(pod)}
    return probes.get(str(target), "")


def _http_probes(pod: dict) -> list[dict]:
    kinds = ("readinessProbe", "livenessProbe", "startupProbe")
    probes = [container.get(kind) or {} for container in pod["spec"]["containers"] for kind in kinds]
    return [probe["httpGet"] for probe in probes if probe.get("httpGet")]
