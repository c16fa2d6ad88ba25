# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The URL of a Service outside of the cluster: its NodePort at the address of a node. Pure."""

from __future__ import annotations

from ..errors import RunbookError
from .options import HealthCheck


def node_port_url(check: HealthCheck, services: list[dict], node_address: str) -> str:
    """The URL of a check over its Service's NodePort. Raises RunbookError if the Service does not exist or has no NodePort."""
    name, port = check.service, port_of(check, service_of(check, services))
    if not port.get("nodePort"):
        raise RunbookError(
            f"Service {name} has no NodePort, so it cannot be reached from outside of the cluster. Set its type to NodePort, or set via in "
            "runbook_app.address and runbook_app.health to forward, ingress or loadbalancer."
        )
    if not node_address:
        raise RunbookError(
            f"Service {name} has a NodePort, but the address of a node is not known. Set runbook_address_host to it, or set via in "
            "runbook_app.address and runbook_app.health to forward, ingress or loadbalancer."
        )
    host = f"[{node_address}]" if ":" in node_address else node_address
    return f"http://{host}:{port['nodePort']}{check.path or '/'}"


def service_of(check: HealthCheck, services: list[dict]) -> dict:
    """The Service of a check. Raises RunbookError if it does not exist."""
    service = next((item for item in services if item["metadata"]["name"] == check.service), None)
    if service is None:
        raise RunbookError(f"Service {check.service} does not exist. Add it to the manifests, or correct its name in runbook_app.")
    return service


def port_of(check: HealthCheck, service: dict) -> dict:
    """The port of a check in its Service, by default the first. Raises RunbookError if there is none."""
    ports = service["spec"].get("ports") or []
    chosen = [port for port in ports if check.port is None or str(check.port) in (port.get("name"), str(port["port"]))]
    if not chosen:
        raise RunbookError(f"Service {check.service} has no port{f' {check.port}' if check.port is not None else ''}. Correct `port` in runbook_app.")
    return chosen[0]
