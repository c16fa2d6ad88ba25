# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The address of an application for its users: the health checks, and whether Better Auth accepts a sign-in there. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from urllib.parse import urlsplit

from .actions import ADDRESS
from .checks import Problems
from .schema import FORWARD, INGRESS, NODE_PORT

OWN_URL, TRUSTED = "BETTER_AUTH_URL", "BETTER_AUTH_TRUSTED_ORIGINS"
DEFAULT_PORTS = {"http": 80, "https": 443}


def health_checks(app: dict) -> list[dict]:
    """The checks of the role health. The address for users is the first.

    Services behind a forward, an Ingress or a load balancer seldom have NodePorts, so their other checks go through the API server.
    """
    address = app["address"]
    via = NODE_PORT if not address or address["via"] == NODE_PORT else FORWARD
    own = [{**{key: address[key] for key in ("service", "port", "path", "via", "url")}, "name": ADDRESS}] if address else []
    return [*own, *({**check, "via": check["via"] or via} for check in app["health"])]


def address_problems(app: dict, root: str) -> Problems:
    """Contradictions in the address."""
    address = app["address"]
    if address and address["forward"] and address["via"] != FORWARD:
        yield f"{root}.address.forward", f"starts a forward only with via: {FORWARD}, got via: {address['via']}"


def origin_problems(app: dict, objects: list[dict], node_address: str) -> list[str]:
    """Where the manifests of the auth servers contradict the address: Better Auth refuses a sign-in from an origin that it does not know.

    ``app``: the complete description; ``objects``: of the manifests. What is in Secrets, or known only after the deployment, is not checked.
    """
    public = _public_origin(app, objects, node_address)
    if not public or not app["auth"]:
        return []
    servers = {(one["kind"], one["name"]) for one in app["workloads"] if one["signs"]}
    texts = _texts(objects)
    return [problem for obj in objects if (obj["kind"], obj["metadata"]["name"]) in servers for problem in _problems(obj, public, texts)]


def _problems(workload: dict, public: str, config_maps: dict[tuple[str, str], str]) -> Iterator[str]:
    for container in workload["spec"]["template"]["spec"].get("containers") or []:
        env = {entry["name"]: _value(entry, config_maps) for entry in container.get("env") or []}
        own, trusted = _origin(env.get(OWN_URL) or ""), [item.strip() for item in (env.get(TRUSTED) or "").split(",")]
        if own and public != own and not any(fnmatch.fnmatch(public, pattern.rstrip("/")) for pattern in trusted if pattern):
            yield (
                f"The application's address is {public}, but {OWN_URL} of {workload['kind']} {workload['metadata']['name']} is {own}: Better Auth "
                f"refuses a sign-in from another origin, unless the application's code trusts it. Set {OWN_URL} to {public}, add that to {TRUSTED}, "
                "or set runbook_app.address (via, url) to the address that users open."
            )


def _public_origin(app: dict, objects: list[dict], node_address: str) -> str:
    """The origin of the address, "" if it is known only after the deployment."""
    address = app["address"]
    if not address or address["url"]:
        return _origin((address or {}).get("url") or "")
    if address["via"] == INGRESS:
        return _ingress_origin(address["service"], objects)
    port = _service_port(address, objects)
    if address["via"] == FORWARD and port:
        return _origin(f"http://localhost:{port['port']}")
    if address["via"] == NODE_PORT and node_address and port.get("nodePort"):
        host = f"[{node_address}]" if ":" in node_address else node_address
        return _origin(f"http://{host}:{port['nodePort']}")
    return ""


def _service_port(address: dict, objects: list[dict]) -> dict:
    """The port of the address in its Service's manifest, {} without one."""
    services = [obj for obj in objects if (obj["kind"], obj["metadata"]["name"]) == ("Service", address["service"])]
    ports = services[0]["spec"].get("ports") or [] if services else []
    wanted = address["port"]
    return next((port for port in ports if wanted is None or str(wanted) in (port.get("name"), str(port["port"]))), {})


def _ingress_origin(service: str, objects: list[dict]) -> str:
    """The origin of the first rule with a host that leads to a Service, "" without one."""
    for spec in (obj["spec"] for obj in objects if obj["kind"] == "Ingress"):
        secure = {host for entry in spec.get("tls") or [] for host in entry.get("hosts") or []}
        for rule in spec.get("rules") or []:
            backends = [(path.get("backend") or {}).get("service") or {} for path in (rule.get("http") or {}).get("paths") or []]
            if rule.get("host") and any(backend.get("name") == service for backend in backends):
                return f"{'https' if rule['host'] in secure else 'http'}://{rule['host']}"
    return ""


def _origin(url: str) -> str:
    """Scheme, host and port of a URL as a browser sends them: without the scheme's own port."""
    parts = urlsplit(url.strip())
    if not parts.scheme or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port and parts.port != DEFAULT_PORTS.get(parts.scheme) else ""
    return f"{parts.scheme}://{host}{port}"


def _texts(objects: list[dict]) -> dict[tuple[str, str], str]:
    """The values of the ConfigMaps, by name and key."""
    maps = [obj for obj in objects if obj["kind"] == "ConfigMap"]
    return {(obj["metadata"]["name"], key): str(text) for obj in maps for key, text in (obj.get("data") or {}).items()}


def _value(entry: dict, config_maps: dict[tuple[str, str], str]) -> str:
    """The value of a variable, "" if it is not in the manifests."""
    reference = (entry.get("valueFrom") or {}).get("configMapKeyRef")
    if reference:
        return config_maps.get((reference.get("name", ""), reference.get("key", "")), "")
    return str(entry.get("value") or "")
