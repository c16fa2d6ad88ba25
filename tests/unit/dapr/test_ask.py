# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a sidecar and its application answer, and what is known where the API server takes no connection on to them."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr import ask
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import GONE, NOT_READY, Answer
from dapr_objects import pod

SERVES = 8000
SAYS = "daprd answers /v1.0/healthz with HTTP status 500 (dapr is not ready)"


class Unready(BaseHTTPRequestHandler):
    """A daprd without its application."""

    def do_GET(self):
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b'{"message": "dapr is not ready"}')

    def log_message(self, *_arguments):
        """Says nothing."""


@pytest.fixture
def forwards(monkeypatch):
    """Forwards to the pod's ports: {port: (address behind it, whether the API server takes the connection on)}."""
    server = HTTPServer(("127.0.0.1", 0), Unready)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    known = {ask.PUBLIC_PORT: (server.server_address, True)}

    class Forward:
        failure = None

        def __init__(self, _cluster, _namespace, _name, port):
            self.address, self.opened = known[port]

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            """Nothing is open."""

    monkeypatch.setattr(ask, "Forward", Forward)
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture
def nobody():
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    return address


def test_an_application_that_does_not_listen_is_told(forwards, nobody):
    forwards[SERVES] = (nobody, True)
    assert ask.health_of(None, pod()) == Answer(NOT_READY, SAYS, False)


def test_an_application_that_listens_is_told(forwards):
    forwards[SERVES] = forwards[ask.PUBLIC_PORT]
    assert ask.health_of(None, pod()) == Answer(NOT_READY, SAYS, True)


def test_nothing_is_said_of_an_application_that_the_api_server_takes_no_connection_to(forwards, nobody):
    forwards[SERVES] = (nobody, False)
    assert ask.health_of(None, pod()) == Answer(GONE)


def test_a_pod_that_names_no_port_is_not_asked_for_its_application(forwards):
    assert ask.health_of(None, pod(port="")) == Answer(NOT_READY, SAYS)
