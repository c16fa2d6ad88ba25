# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks a pod of Dapr's through the API server: a sidecar for its health, a part of the control plane for its certificate."""

from __future__ import annotations

import http.client
import json
import socket
import ssl

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.forward import Forward
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import APP_PORT, GONE, HANGS, NOT_READY, READY, Answer
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.daprd import daprd_of, port_of

PUBLIC_PORT = 3501
TIMEOUT = 3  # seconds for one answer; a health check has none to compute
ATTEMPTS = 2  # a machine under load may be late once


def health_of(cluster: Cluster, pod: dict) -> Answer:
    """What a daprd that runs without being ready answers, and whether its application listens."""
    port = port_of(daprd_of(pod)[0], "dapr-public-port", PUBLIC_PORT)
    for _attempt in range(ATTEMPTS):
        answer = _health(cluster, pod, port)
        if answer.health != HANGS:
            break
    app_port = (pod["metadata"].get("annotations") or {}).get(APP_PORT, "")
    if answer.health != NOT_READY or not app_port.isdigit():
        return answer
    metadata = pod["metadata"]
    with Forward(cluster, metadata["namespace"], metadata["name"], int(app_port)) as forward:
        listens = _listens(forward.address)
        return Answer(NOT_READY, answer.detail, listens) if forward.opened else Answer(GONE)  # it is the API server that is late


def certificate_of(cluster: Cluster, pod: dict, port: int) -> bytes | None:
    """The certificate, in DER, that a pod presents at a port; None where it presents none."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    metadata = pod["metadata"]
    with Forward(cluster, metadata["namespace"], metadata["name"], port) as forward:
        try:
            with socket.create_connection(forward.address, TIMEOUT) as plain, context.wrap_socket(plain) as secured:
                return secured.getpeercert(binary_form=True)
        except OSError:
            _require_allowed(forward, metadata, "to see which certificate it has")
            return None


def _health(cluster: Cluster, pod: dict, port: int) -> Answer:
    metadata = pod["metadata"]
    with Forward(cluster, metadata["namespace"], metadata["name"], port) as forward:
        connection = http.client.HTTPConnection(*forward.address, timeout=TIMEOUT)
        try:
            connection.request("GET", "/v1.0/healthz")
            answer = connection.getresponse()
            body = answer.read(2000).decode(errors="replace")
        except TimeoutError:
            if not forward.opened:  # it is the API server that is late
                return Answer(GONE)
            return Answer(HANGS, f"daprd takes connections at port {port} and answers /v1.0/healthz not within {TIMEOUT} s")
        except (OSError, http.client.HTTPException):
            _require_allowed(forward, metadata, "to tell a stuck sidecar from one whose application does not listen")
            return Answer(GONE)
        finally:
            connection.close()
    if answer.status < 300:
        return Answer(READY)
    return Answer(NOT_READY, f"daprd answers /v1.0/healthz with HTTP status {answer.status}{_said(body)}")


def _said(body: str) -> str:
    try:
        message = json.loads(body).get("message")
    except (ValueError, AttributeError):
        message = None
    return f" ({message})" if message else ""


def _listens(address: tuple[str, int]) -> bool:
    """Whether somebody behind the forward takes what it is sent."""
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
        where = f"pods/portforward in namespace {metadata['namespace']}"
        raise RunbookError(f"Not allowed to create {where}, which is needed {purpose}. Grant get and create on pods/portforward.") from failure
