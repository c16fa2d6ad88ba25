# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to a Service from inside of the cluster, through the API server's proxy: GET only, and without credentials for the Service."""

from __future__ import annotations

import json

from ...errors import RunbookError
from .access import needs
from .channels import headers_of
from .client import Cluster
from .connection import CONNECT_TIMEOUT
from .errors import ApiError, unreachable
from .kinds import path_of

try:
    import urllib3
except ImportError:  # it comes with the kubernetes client; connecting reports that it is missing
    urllib3 = None

PERMISSION = "get services/proxy"
MAX_BODY = 1024 * 1024  # bytes that are read of a response
MAX_REDIRECTS = 5
# The API server's own answers about a Service that does not answer it.
NOT_REACHED = ("error trying to reach service: ", "no endpoints available for service ")


class NotReached(RunbookError):
    """The API server could not connect to the Service. The message is its reason."""


def get_service(
    cluster: Cluster, namespace: str, service: str, port: str | int, path: str = "/", *, scheme: str = "http", follow: bool = True, timeout: float = 5
) -> tuple[int, bytes]:
    """The status of a Service's response and the start of its body. ``follow``: follow redirects that stay at the Service.

    Raises RunbookError without the permission, NotReached where the Service does not answer, Unreachable where the API server does not.
    """
    base = f"{path_of('Service', namespace, f'{scheme}:{service}:{port}', 'proxy')}"
    target = base + path
    with needs(PERMISSION, namespace, f"to check Service {service} from inside of the cluster", missing=[PERMISSION]):
        for _redirect in range(MAX_REDIRECTS):
            status, location, body = _get(cluster, target, timeout)
            if not (follow and 300 <= status < 400 and location.startswith(f"{base}/")):
                break
            target = location
    return status, body


def _get(cluster: Cluster, path: str, timeout: float) -> tuple[int, str, bytes]:
    """Status, location and body. urllib3 itself would follow a redirect to any host."""
    headers = dict(line.split(": ", 1) for line in headers_of(cluster.api_client))
    limits = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=timeout)
    options = {"headers": headers, "redirect": False, "retries": False, "preload_content": False, "timeout": limits}
    try:
        with cluster.api_client.rest_client.pool_manager.request("GET", cluster.server + path, **options) as response:
            body = response.read(MAX_BODY)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise NotReached(f"no response within {timeout:g} s") from error
    except urllib3.exceptions.HTTPError as error:
        raise unreachable(cluster.server, error) from error
    _raise_refusal(response.status, body, path)
    return response.status, response.headers.get("Location") or "", body


def _raise_refusal(status: int, body: bytes, path: str) -> None:
    """Raises if the API server answered itself, and not the Service."""
    answer = _status_object(body) if status >= 400 else {}
    message = answer.get("message") or ""
    if message.startswith(NOT_REACHED):
        raise NotReached(message.removeprefix(NOT_REACHED[0]).strip())
    if status == 401 or (status == 403 and "services/proxy" in message):
        raise ApiError(f"GET {path}: {message}", status, answer.get("reason") or "", api_message=message)


def _status_object(body: bytes) -> dict:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and (answer.get("kind"), answer.get("apiVersion")) == ("Status", "v1") else {}
