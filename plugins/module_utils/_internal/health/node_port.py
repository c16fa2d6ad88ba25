# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The URL of a Service outside of the cluster: its NodePort at the address of a node. Pure."""

from __future__ import annotations

from ..errors import RunbookError
from .options import HealthCheck


def node_port_url(check: HealthCheck, services: list[dict], node_address: str) -> str:
    """The URL of a check over its Service's NodePort. Raises RunbookError if the Service does not exist or has no NodePort."""
    name = check.service
    service = next((item for item in services if item["metadata"]["name"] == name), None)
    if service is None:
        raise RunbookError(f"Service {name} does not exist. Add it to the manifests, or correct its name in runbook_app.")
    ports = [port for port in service["spec"]["ports"] if check.port in (None, port.get("name"), port["port"])]
    if not ports:
        raise RunbookError(f"Service {name} has no port {check.port}. Correct `port` in runbook_app.")
    if not ports[0].get("nodePort"):
        raise RunbookError(f"Service {name} has no NodePort, so it cannot be reached from outside of the cluster. Set its type to NodePort.")
    host = f"[{node_address}]" if ":" in node_address else node_address
    return f"http://{host}:{ports[0]['nodePort']}{check.path or '/'}"
