# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connects to the ports of Services that have a ready endpoint: from inside of the cluster by HTTP, and at their NodePort."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.service_proxy import NotReached, get_service
from .model import IN_CLUSTER, NODE_PORT, READY, Answer, PortStatus, ServiceStatus
from .options import EndpointsOptions
from .ports import is_declared

REFUSED = "connection refused"


def ask(
    cluster: Cluster, statuses: list[ServiceStatus], pods: dict[str, list[dict]], options: EndpointsOptions
) -> dict[str, dict[int, tuple[Answer, ...]]]:
    """The answers of all ports, asked at once, by Service and number of the port."""
    asked = [
        (status.name, port.number or 0, request)
        for status in statuses if status.state == READY
        for port in status.ports for request in _requests(cluster, status, port, pods[status.name], options)
    ]
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        answers = list(pool.map(lambda item: item[2](), asked))
    found: dict[str, dict[int, tuple[Answer, ...]]] = {status.name: {} for status in statuses}
    for (name, number, _request), answer in zip(asked, answers, strict=True):
        found[name][number] = (*found[name].get(number, ()), answer)
    return found


def _requests(
    cluster: Cluster, status: ServiceStatus, port: PortStatus, pods: list[dict], options: EndpointsOptions
) -> list[Callable[[], Answer]]:
    """Nothing is sent to a port that is not known to speak HTTP, unless no container declares it: a database would log it as an error.

    The API server connects to pods only, so not to the addresses of a Service without a selector.
    """
    requests: list[Callable[[], Answer]] = []
    if port.protocol != "TCP" or port.number is None:
        return requests
    if status.selector and (port.scheme or not is_declared(port, pods)):
        requests.append(lambda: _from_inside(cluster, status.name, port, options))
    if port.node_port and options.node_address:
        requests.append(lambda: _at_node(port.node_port or 0, options))
    return requests


def _from_inside(cluster: Cluster, service: str, port: PortStatus, options: EndpointsOptions) -> Answer:
    scheme = port.scheme or "http"
    url = f"{scheme}://{service}.{options.namespace}.svc:{port.number}/"
    try:
        status, _body = get_service(
            cluster, options.namespace, service, port.number or 0, scheme=scheme, follow=False, timeout=options.timeout
        )
    except NotReached as error:
        # A port that speaks another protocol is open: the API server reports what it could not read.
        answers = not port.scheme and not any(words in str(error) for words in (REFUSED, "i/o timeout", "no response", "no route"))
        return Answer(IN_CLUSTER, url, answers, detail=str(error))
    return Answer(IN_CLUSTER, url, True, status)


def _at_node(node_port: int, options: EndpointsOptions) -> Answer:
    host = f"[{options.node_address}]" if ":" in options.node_address else options.node_address
    where = f"{host}:{node_port}"
    try:
        with socket.create_connection((options.node_address, node_port), options.timeout):
            return Answer(NODE_PORT, where, True)
    except TimeoutError:
        return Answer(NODE_PORT, where, False, detail=f"no connection within {options.timeout} s")
    except OSError as error:
        return Answer(NODE_PORT, where, False, detail=(error.strerror or str(error)).lower())
