# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reaches the URLs of Services inside of the cluster, for example http://frontend.default.svc:3000, by forwards to ready pods."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from ..clients.cluster.access import needs
from ..clients.cluster.client import Cluster
from ..clients.cluster.forward import Forward
from ..clients.cluster.pods import is_active, is_ready
from ..errors import RunbookError
from .sign_in import Urls

HOST = re.compile(r"(?P<name>[a-z]([-a-z0-9]*[a-z0-9])?)\.(?P<namespace>[a-z0-9]([-a-z0-9]*[a-z0-9])?)\.svc(\.[-a-z0-9.]+)?")
DEFAULT_PORT = 80

Service = tuple[str, str, int]  # namespace, name, port


def service_of(url: str) -> Service | None:
    """The Service that the host of a URL names, with its port, None for any other host. Pure. Raises RunbookError for https."""
    parts = urlsplit(url)
    match = HOST.fullmatch(parts.hostname or "")
    if match is None:
        return None
    if parts.scheme != "http":
        raise RunbookError(f"{url}: a Service is reached with http only, as its certificate would not be that of the forward.")
    return match["namespace"], match["name"], parts.port or DEFAULT_PORT


def names_service(urls: Iterable[str | None]) -> bool:
    """Whether the host of one of the URLs is that of a Service. Pure."""
    return any(HOST.fullmatch(urlsplit(url or "").hostname or "") for url in urls)


@contextmanager
def reachable(connect: Callable[[], Cluster], urls: Urls) -> Iterator[Urls]:
    """The URLs as they can be requested from here while the block runs. Failures of the block name the original ones.

    The origin is that of the application's own forward on this host, unless one is given.
    """
    services = {service for url in _all(urls) if (service := service_of(url))}
    if not services:
        yield urls
        return
    with ExitStack() as stack:
        cluster = connect()
        local = {service: stack.enter_context(Forward(cluster, *_endpoint(cluster, service))).address for service in sorted(services)}
        try:
            yield _rewritten(urls, local)
        except RunbookError as error:
            raise RunbookError(_with_services(str(error), local), **error.facts) from error


def _all(urls: Urls) -> list[str]:
    return [urls.auth, urls.verify, urls.jwks, *urls.cookies]


def _rewritten(urls: Urls, local: dict[Service, tuple[str, int]]) -> Urls:
    service = service_of(urls.auth)
    origin = urls.origin or (f"http://localhost:{service[2]}" if service else "")
    return replace(
        urls, auth=_local(urls.auth, local), verify=_local(urls.verify, local), jwks=_local(urls.jwks, local), origin=origin,
        cookies=tuple(_local(url, local) for url in urls.cookies),
    )


def _local(url: str, local: dict[Service, tuple[str, int]]) -> str:
    service = service_of(url)
    if service is None:
        return url
    host, port = local[service]
    parts: SplitResult = urlsplit(url)
    return parts._replace(netloc=f"{host}:{port}").geturl()


def _with_services(text: str, local: dict[Service, tuple[str, int]]) -> str:
    for (namespace, name, port), (host, local_port) in local.items():
        text = text.replace(f"{host}:{local_port}", f"{name}.{namespace}.svc:{port}")
    return text


def _endpoint(cluster: Cluster, service: Service) -> tuple[str, str, int]:
    """(namespace, a ready pod, its port) behind a Service. Raises RunbookError."""
    namespace, name, port = service
    with needs("get services and list pods", namespace, f"to forward to Service {name}"):
        obj = cluster.get("Service", name, namespace)
        pods = cluster.list("Pod", namespace) if obj else []
    if obj is None:
        raise RunbookError(f"There is no Service {name} in namespace {namespace}. Correct the URL.")
    entry = next((one for one in obj["spec"].get("ports") or [] if one["port"] == port), None)
    selector = obj["spec"].get("selector") or {}
    ready = [pod for pod in pods if selector and selector.items() <= (pod["metadata"].get("labels") or {}).items() and is_active(pod) and is_ready(pod)]
    number = _number(entry, ready[0]) if entry and ready else None
    if number is None:
        raise RunbookError(
            f"Service {name} in namespace {namespace} has no {f'port {port}' if entry is None else 'ready pod'} to forward to. "
            "The module runbook.minikube.service_endpoints_info says why."
        )
    return namespace, ready[0]["metadata"]["name"], number


def _number(entry: dict, pod: dict) -> int | None:
    """The number of a Service's targetPort in a pod, None if no container has a port of that name."""
    target = entry.get("targetPort", entry["port"])
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
    return target if isinstance(target, int) else next((port["containerPort"] for port in ports if port.get("name") == target), None)
