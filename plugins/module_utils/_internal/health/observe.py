# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks the health URLs of Services, all at once, each until its response is as expected."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

from ..clients.cluster.access import needs
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import Unreachable
from ..clients.cluster.service_proxy import NotReached, get_service
from ..clients.cluster.timeout import call_within
from ..errors import RunbookError
from .options import INGRESS, HealthCheck, HealthOptions
from .routes import Route, route_of

POLL_INTERVAL = 0.5  # seconds between two requests
RESPONSE_TIMEOUT = 5  # seconds until a service that sends nothing does not respond
BODY_TIMEOUT = 15  # seconds for a whole response
MAX_BODY = 1 << 20  # bytes of a response
MAX_SHOWN = 300  # characters of an unexpected value


def observe(cluster: Cluster, options: HealthOptions) -> list[dict]:
    """The results of all checks, see check_urls. Raises RunbookError for a Service that cannot be reached in the requested way."""
    services = cluster.list("Service", options.namespace)
    ingresses = _ingresses(cluster, options)
    routes = [(check, route_of(check, services, ingresses, options.node_address)) for check in options.checks]

    def through_api_server(check: HealthCheck, port: int, follow: bool) -> tuple[int, bytes]:
        return get_service(cluster, options.namespace, check.service, port, check.path or "/", follow=follow, timeout=RESPONSE_TIMEOUT)

    return check_urls(routes, options.timeout, through_api_server)


def _ingresses(cluster: Cluster, options: HealthOptions) -> list[dict]:
    if all(check.via != INGRESS or check.url for check in options.checks):
        return []
    with needs("list ingresses", options.namespace, "to find the URL of via: ingress", missing=[f"list ingresses in namespace {options.namespace}"]):
        return cluster.list("Ingress", options.namespace)


def check_urls(checks: list[tuple[HealthCheck, Route]], timeout: float, through_api_server: Callable | None = None) -> list[dict]:
    """Requests the URL of each check for up to ``timeout`` seconds. ``through_api_server``: requests a Service that has no address here.

    Returns for each {name, url, service_url, via, healthy, problem, attempts, seconds}; ``problem`` is "" or what was wrong with the last response.
    Raises RunbookError for a missing permission.
    """
    if not checks:
        return []
    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        return list(pool.map(lambda item: _check_until(item[0], item[1], time.monotonic() + timeout, through_api_server), checks))


def _check_until(check: HealthCheck, route: Route, deadline: float, through_api_server: Callable | None) -> dict:
    def get(follow: bool) -> tuple[int, bytes]:
        if route.port is not None and through_api_server:
            return through_api_server(check, route.port, follow)
        return _get(route.request or route.url, follow=follow)

    start, attempts = time.monotonic(), 0
    while True:
        attempts += 1
        problem = _problem(check, get)
        if not problem or time.monotonic() + POLL_INTERVAL > deadline:
            seconds = round(time.monotonic() - start, 2)
            shown = f"{problem} (asked through the API server)" if problem and route.port is not None else problem
            return {
                "name": check.name, "url": route.url, "service_url": route.service_url, "via": check.via, "healthy": not problem, "problem": shown,
                "attempts": attempts, "seconds": seconds,
            }
        time.sleep(POLL_INTERVAL)


def _problem(check: HealthCheck, get: Callable[[bool], tuple[int, bytes]]) -> str:
    try:
        status, body = call_within(BODY_TIMEOUT, lambda: get(not 300 <= check.status < 400))
    except (NotReached, Unreachable) as error:
        return f"does not respond: {error}"
    except RunbookError:  # a missing permission, which does not pass
        raise
    except Exception as error:  # urllib passes on any exception of the layers below it; each means that there was no response
        return f"does not respond: {error}"
    if status != check.status:
        return f"returns HTTP status {status}, expected {check.status}"
    if check.json and len(body) > MAX_BODY:
        return f"returns more than {MAX_BODY} bytes, which are too many for a JSON document"
    return "; ".join(mismatches(check.json, _parsed(body))) if check.json else ""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_arguments) -> None:
        """Follows none."""


def _get(url: str, *, follow: bool) -> tuple[int, bytes]:
    # Ansible's open_url sets its opener for the whole process, so parallel checks would mix how they treat redirects.
    # Nodes are in the machine's own network, so the environment's proxy is not used.
    opener = build_opener(ProxyHandler({}), HTTPRedirectHandler if follow else _NoRedirects)
    try:
        response = opener.open(url, timeout=RESPONSE_TIMEOUT)
    except HTTPError as error:
        response = error
    with response:
        return response.status, response.read(MAX_BODY + 1)


def _parsed(body: bytes):
    try:
        return json.loads(body)
    except ValueError:
        return "not JSON"


def mismatches(expected, actual, path: str = "") -> list[str]:
    """Where ``actual`` lacks or contradicts ``expected``, as sentences; additional keys do not count. Pure."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [line for key, value in expected.items() for line in mismatches(value, actual.get(key), f"{path}.{key}".lstrip("."))]
    if expected == actual:
        return []
    return [f"{path or 'the response'} is {_shown(actual)}, expected {expected!r}"]


def _shown(value) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} …"
