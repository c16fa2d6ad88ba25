# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a check reaches its Service, and the URL at which users do. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..errors import RunbookError
from .node_port import node_port_url, port_of, service_of
from .options import FORWARD, INGRESS, LOADBALANCER, HealthCheck

LOCAL = "localhost"  # where a forward listens


@dataclass(frozen=True)
class Route:
    """``url``: for users; ``request``: the URL that is requested, "" for the same; ``port``: of the Service, if the API server requests it.

    ``service_url``: the URL inside of the cluster.
    """

    url: str
    request: str = ""
    port: int | None = None
    service_url: str = field(default="", compare=False)


def route_of(check: HealthCheck, services: list[dict], ingresses: list[dict], node_address: str) -> Route:
    """The route of a check. Raises RunbookError if there is none."""
    service = service_of(check, services)
    namespace, port = service["metadata"].get("namespace", "default"), port_of(check, service)["port"]
    return replace(_route(check, service, ingresses, node_address), service_url=f"http://{check.service}.{namespace}.svc:{port}{check.path or '/'}")


def _route(check: HealthCheck, service: dict, ingresses: list[dict], node_address: str) -> Route:
    public = f"{check.url.rstrip('/')}{check.path or '/'}" if check.url else ""
    if check.via == FORWARD:
        port = port_of(check, service)["port"]
        return Route(public or f"http://{LOCAL}:{port}{check.path or '/'}", port=port)
    if check.via == INGRESS:
        return Route(public or _ingress_url(check, ingresses))
    if check.via == LOADBALANCER:
        return Route(public or _load_balancer_url(check, service))
    request = node_port_url(check, [service], node_address)
    return Route(public or request, request)


def _load_balancer_url(check: HealthCheck, service: dict) -> str:
    address = _published(service)
    if not address:
        raise RunbookError(
            f"{check.name}: Service {check.service} has no address of a load balancer. Set its type to LoadBalancer, and wait until the cluster has "
            "assigned one (with Minikube: minikube tunnel), or set another value of via."
        )
    port = port_of(check, service)["port"]
    return f"http://{_host(address)}{'' if port == 80 else f':{port}'}{check.path or '/'}"


def _ingress_url(check: HealthCheck, ingresses: list[dict]) -> str:
    """The URL by the first rule of an Ingress that leads to the Service, or by its default backend."""
    for ingress in ingresses:
        spec = ingress["spec"]
        for rule in spec.get("rules") or []:
            if any(_leads_to(path.get("backend") or {}, check.service) for path in (rule.get("http") or {}).get("paths") or []):
                return _url_at(ingress, rule.get("host") or "", check)
        if _leads_to(spec.get("defaultBackend") or {}, check.service):
            return _url_at(ingress, "", check)
    raise RunbookError(f"{check.name}: no Ingress leads to Service {check.service}. Add one to the manifests, set url, or set another value of via.")


def _url_at(ingress: dict, host: str, check: HealthCheck) -> str:
    address = host or _published(ingress)
    if not address:
        raise RunbookError(
            f"{check.name}: Ingress {ingress['metadata']['name']} has neither a host nor an address. Check that its controller runs, or set url."
        )
    hosts = [name for entry in ingress["spec"].get("tls") or [] for name in entry.get("hosts") or [address]]
    return f"{'https' if address in hosts else 'http'}://{_host(address)}{check.path or '/'}"


def _leads_to(backend: dict, service: str) -> bool:
    return (backend.get("service") or {}).get("name") == service


def _published(obj: dict) -> str:
    """The address in the status of a Service or an Ingress, "" without one."""
    entries = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
    return entries[0].get("hostname") or entries[0].get("ip") or ""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
