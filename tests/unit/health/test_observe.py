# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Health checks against a real HTTP server on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.observe import check_urls
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.options import HealthCheck


class Server(BaseHTTPRequestHandler):
    """Becomes healthy with the third request to /slow."""

    requests = 0

    def do_GET(self):
        type(self).requests += self.path == "/slow"
        if self.path == "/moved":
            self.send_response(307)
            self.send_header("Location", "/health")
            self.end_headers()
            return
        status = 503 if self.path == "/sick" or (self.path == "/slow" and self.requests < 3) else 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"<html>" if self.path == "/page" else json.dumps({"status": "healthy", "since": 1}).encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def address():
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def check(url, **more):
    return HealthCheck("it", "web", **more), url


def test_healthy(address):
    (result,) = check_urls([check(f"{address}/health", json={"status": "healthy"})], 1)
    assert result["healthy"] and result["attempts"] == 1 and result["problem"] == ""


def test_requests_until_healthy(address):
    (result,) = check_urls([check(f"{address}/slow")], 60)
    assert result["healthy"] and result["attempts"] == 3


@pytest.mark.parametrize(
    "path, more, words",
    [
        ("/sick", {}, "status 503, expected 200"),
        ("/health", {"json": {"status": "ill"}}, "status is 'healthy', expected 'ill'"),
        ("/page", {"json": {"status": "ill"}}, "the response is 'not JSON'"),
    ],
)
def test_problems_are_named(address, path, more, words):
    (result,) = check_urls([check(address + path, **more)], 0)
    assert not result["healthy"] and words in result["problem"]


def test_redirects_are_followed_unless_expected(address):
    followed, expected = check_urls([check(f"{address}/moved"), check(f"{address}/moved", status=307)], 0)
    assert followed["healthy"] and expected["healthy"]


def test_connection_refused():
    (result,) = check_urls([check("http://127.0.0.1:9/")], 0)
    assert not result["healthy"] and "does not respond" in result["problem"]
