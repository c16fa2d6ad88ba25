# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Against a real HTTP server on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.health.ask import ask_all


class Server(BaseHTTPRequestHandler):
    """Gets healthy with the third question to /slow."""

    asked = 0

    def do_GET(self):
        type(self).asked += self.path == "/slow"
        if self.path == "/moved":
            self.send_response(307)
            self.send_header("Location", "/health")
            self.end_headers()
            return
        status = 503 if self.path == "/sick" or (self.path == "/slow" and self.asked < 3) else 200
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
    return {"name": "it", "url": url, "status": 200, **more}


def test_healthy(address):
    (answer,) = ask_all([check(f"{address}/health", json={"status": "healthy"})], 1)
    assert answer["healthy"] and answer["attempts"] == 1 and answer["problem"] == ""


def test_asks_until_it_is_healthy(address):
    (answer,) = ask_all([check(f"{address}/slow")], 5)
    assert answer["healthy"] and answer["attempts"] == 3


@pytest.mark.parametrize(
    "path, more, words",
    [
        ("/sick", {}, "status 503, not 200"),
        ("/health", {"json": {"status": "ill"}}, "status is 'healthy', not 'ill'"),
        ("/page", {"json": {"status": "ill"}}, "the answer is 'no JSON'"),
    ],
)
def test_problems_are_named(address, path, more, words):
    (answer,) = ask_all([check(address + path, **more)], 0)
    assert not answer["healthy"] and words in answer["problem"]


def test_redirects_are_followed_unless_expected(address):
    followed, expected = ask_all([check(f"{address}/moved"), check(f"{address}/moved") | {"status": 307}], 0)
    assert followed["healthy"] and expected["healthy"]


def test_nobody_listens():
    (answer,) = ask_all([check("http://127.0.0.1:9/")], 0)
    assert not answer["healthy"] and "does not answer" in answer["problem"]
