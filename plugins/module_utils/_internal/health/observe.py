# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks the health URLs of Services, all at once, each until its response is as expected."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

from ansible.module_utils.urls import open_url

from ..clients.cluster.client import Cluster
from .node_port import node_port_url
from .options import HealthCheck, HealthOptions

POLL_INTERVAL = 0.5  # seconds between two requests
RESPONSE_TIMEOUT = 5  # seconds for one response


def observe(cluster: Cluster, options: HealthOptions) -> list[dict]:
    """The results of all checks, see check_urls. Raises RunbookError for a Service without a NodePort."""
    services = cluster.list("Service", options.namespace)
    urls = [(check, node_port_url(check, services, options.node_address)) for check in options.checks]
    return check_urls(urls, options.timeout)


def check_urls(checks: list[tuple[HealthCheck, str]], timeout: float) -> list[dict]:
    """Requests the URL of each check for up to ``timeout`` seconds.

    Returns for each {name, url, healthy, problem, attempts, seconds}; ``problem`` is "" or what was wrong with the last response.
    """
    if not checks:
        return []
    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        return list(pool.map(lambda item: _check_until(item[0], item[1], time.monotonic() + timeout), checks))


def _check_until(check: HealthCheck, url: str, deadline: float) -> dict:
    start, attempts = time.monotonic(), 0
    while True:
        attempts += 1
        problem = _problem(check, url)
        if not problem or time.monotonic() + POLL_INTERVAL > deadline:
            seconds = round(time.monotonic() - start, 2)
            return {"name": check.name, "url": url, "healthy": not problem, "problem": problem, "attempts": attempts, "seconds": seconds}
        time.sleep(POLL_INTERVAL)


def _problem(check: HealthCheck, url: str) -> str:
    try:
        status, body = _get(url, follow=not 300 <= check.status < 400)
    except Exception as error:  # open_url passes on any exception of the layers below it; each means that there was no response
        return f"does not respond: {error}"
    if status != check.status:
        return f"returns HTTP status {status}, expected {check.status}"
    return "; ".join(mismatches(check.json, _parsed(body))) if check.json else ""


def _get(url: str, *, follow: bool) -> tuple[int, bytes]:
    try:
        # Nodes are in the machine's own network, so the environment's proxy is not used.
        response = open_url(url, timeout=RESPONSE_TIMEOUT, use_proxy=False, follow_redirects="safe" if follow else "none")
    except HTTPError as error:
        response = error
    with response:
        return response.status, response.read()


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
    return [f"{path or 'the response'} is {actual!r}, expected {expected!r}"]
