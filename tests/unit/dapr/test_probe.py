# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The responses of a sidecar and its application, also if the API server does not forward a connection to them."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr import probe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecars import ProbeResult
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.daprd import NOT_READY, UNREACHABLE
from dapr_objects import pod

APP_PORT = 8000
DETAIL = "daprd answers /v1.0/healthz with HTTP status 500 (dapr is not ready)"


class Unready(BaseHTTPRequestHandler):
    """A daprd without its application."""

    def do_GET(self):
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b'{"message": "dapr is not ready"}')

    def log_message(self, *_arguments):
        """Silent."""


@pytest.fixture
def forwards(monkeypatch):
    """Forwards to the pod's ports: {port: (address behind it, whether the API server forwards the connection)}."""
    server = HTTPServer(("127.0.0.1", 0), Unready)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    known = {probe.PUBLIC_PORT: (server.server_address, True)}

    class Forward:
        failure = None

        def __init__(self, _cluster, _namespace, _name, port):
            self.address, self.opened = known[port]

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            """Nothing is open."""

    monkeypatch.setattr(probe, "Forward", Forward)
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture
def closed():
    """An address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    return address


def test_application_does_not_listen(forwards, closed):
    forwards[APP_PORT] = (closed, True)
    assert probe.probe_health(None, pod()) == ProbeResult(NOT_READY, DETAIL, False)


def test_application_listens(forwards):
    forwards[APP_PORT] = forwards[probe.PUBLIC_PORT]
    assert probe.probe_health(None, pod()) == ProbeResult(NOT_READY, DETAIL, True)


def test_application_is_not_judged_without_a_forwarded_connection(forwards, closed):
    forwards[APP_PORT] = (closed, False)
    assert probe.probe_health(None, pod()) == ProbeResult(UNREACHABLE)


def test_application_is_not_probed_without_app_port(forwards):
    assert probe.probe_health(None, pod(port="")) == ProbeResult(NOT_READY, DETAIL)
