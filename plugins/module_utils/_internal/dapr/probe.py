# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes a pod of Dapr's through the API server: a sidecar for its health, the control plane for its certificates."""

from __future__ import annotations

import http.client
import json
import socket
import ssl

from ..clients.cluster.access import not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.forward import Forward
from ..workloads.daprd import NOT_READY, READY, STUCK, UNREACHABLE, daprd_of, health_state, port_of
from .sidecars import APP_PORT, ProbeResult

PUBLIC_PORT = 3501
TIMEOUT = 3  # seconds for one response; a health check computes nothing
MAX_ATTEMPTS = 2  # a machine under load may be late once


def probe_health(cluster: Cluster, pod: dict) -> ProbeResult:
    """The health of a daprd that is running but not ready, and whether its application listens."""
    spec, _status = daprd_of(pod) or ({}, {})
    port = port_of(spec, "dapr-public-port", PUBLIC_PORT)
    for _attempt in range(MAX_ATTEMPTS):
        result = _health(cluster, pod, port)
        if result.health != STUCK:
            break
    app_port = (pod["metadata"].get("annotations") or {}).get(APP_PORT, "")
    if result.health != NOT_READY or not app_port.isdigit():
        return result
    metadata = pod["metadata"]
    with Forward(cluster, metadata["namespace"], metadata["name"], int(app_port)) as forward:
        listens = _listens(forward.address)
        return ProbeResult(NOT_READY, result.detail, listens) if forward.opened else ProbeResult(UNREACHABLE)  # the API server is late


def certificate_of(cluster: Cluster, pod: dict, port: int) -> bytes | None:
    """The certificate, in DER, that a pod presents at a port; None if it presents none."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    metadata = pod["metadata"]
    with Forward(cluster, metadata["namespace"], metadata["name"], port) as forward:
        try:
            with socket.create_connection(forward.address, TIMEOUT) as plain, context.wrap_socket(plain) as secured:
                return secured.getpeercert(binary_form=True)
        except OSError:
            _require_allowed(forward, metadata, "to check which certificate it uses")
            return None


def _health(cluster: Cluster, pod: dict, port: int) -> ProbeResult:
    metadata = pod["metadata"]
    with Forward(cluster, metadata["namespace"], metadata["name"], port) as forward:
        connection = http.client.HTTPConnection(*forward.address, timeout=TIMEOUT)
        try:
            connection.request("GET", "/v1.0/healthz")
            response = connection.getresponse()
            body = response.read(2000).decode(errors="replace")
        except TimeoutError:
            # Without a connection behind the forward, it is the API server that is late.
            health = health_state(None, timed_out=forward.opened)
            return ProbeResult(health, f"daprd accepts connections at port {port}, but did not answer /v1.0/healthz within {TIMEOUT} s")
        except (OSError, http.client.HTTPException):
            _require_allowed(forward, metadata, "to distinguish a stuck sidecar from an application that does not listen")
            return ProbeResult(health_state(None))
        finally:
            connection.close()
    health = health_state(response.status)
    if health == READY:
        return ProbeResult(READY)
    return ProbeResult(health, f"daprd answers /v1.0/healthz with HTTP status {response.status}{_message(body)}")


def _message(body: str) -> str:
    try:
        message = json.loads(body).get("message")
    except (ValueError, AttributeError):
        message = None
    return f" ({message})" if message else ""


def _listens(address: tuple[str, int]) -> bool:
    """Whether a process behind the forward accepts data."""
    try:
        with socket.create_connection(address, TIMEOUT) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return bool(connection.recv(1))
    except TimeoutError:
        return True
    except OSError:
        return False


def _require_allowed(forward: Forward, metadata: dict, purpose: str) -> None:
    failure = forward.failure
    if isinstance(failure, ApiError) and failure.status == 403:
        fix = "Grant get and create on pods/portforward."
        raise not_allowed("create pods/portforward", metadata["namespace"], purpose, fix) from failure
