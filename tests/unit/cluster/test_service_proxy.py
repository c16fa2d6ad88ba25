# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to a Service through the API server's proxy: against a server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import urllib3
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.service_proxy import MAX_BODY, NotReached, get_service
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

BASE = "/api/v1/namespaces/default/services/http:web:80/proxy"


def status(message: str) -> bytes:
    return json.dumps({"kind": "Status", "apiVersion": "v1", "message": message}).encode()


class Server:
    """An API server that answers each path with (status, headers, body), and records what it was asked."""

    def __init__(self, answers: dict[str, tuple[int, dict, bytes]]):
        self.answers, self.requests = answers, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.path, self.headers.get("Authorization")))
                code, headers, body = outer.answers[self.path]
                self.send_response(code)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments):
                """Prints nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.host = f"http://127.0.0.1:{self._server.server_port}"

    def cluster(self) -> Cluster:
        bearer = {"BearerToken": {"key": "authorization", "value": "Bearer word"}}
        client = SimpleNamespace(
            default_headers={}, configuration=SimpleNamespace(auth_settings=lambda: bearer), rest_client=SimpleNamespace(pool_manager=urllib3.PoolManager())
        )
        return Cluster(SimpleNamespace(client=client, configuration=SimpleNamespace(host=self.host)))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator:
    servers = []

    def start(**answers) -> Server:
        servers.append(Server({f"{BASE}/{path}": answer for path, answer in answers.items()}))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_response_of_the_service(serve):
    server = serve(health=(503, {}, b'{"status": "degraded"}'))
    assert get_service(server.cluster(), "default", "web", 80, "/health") == (503, b'{"status": "degraded"}')
    assert server.requests == [(f"{BASE}/health", "Bearer word")]  # for the API server, which drops it


def test_redirects_are_followed_only_at_the_service(serve):
    there = {"Location": f"{BASE}/b"}
    server = serve(a=(307, there, b""), b=(200, {}, b"b"), away=(302, {"Location": "http://192.0.2.1/"}, b""))
    assert get_service(server.cluster(), "default", "web", 80, "/a") == (200, b"b")
    assert get_service(server.cluster(), "default", "web", 80, "/a", follow=False)[0] == 307
    assert get_service(server.cluster(), "default", "web", 80, "/away")[0] == 302


def test_an_endless_redirect_ends(serve):
    server = serve(a=(307, {"Location": f"{BASE}/a"}, b""))
    assert get_service(server.cluster(), "default", "web", 80, "/a")[0] == 307
    assert len(server.requests) == 5


@pytest.mark.parametrize("message", [
    "error trying to reach service: dial tcp 10.244.0.5:80: connect: connection refused", 'no endpoints available for service "http:web:80"',
])  # fmt: skip
def test_a_service_that_does_not_answer(serve, message):
    server = serve(a=(503, {}, status(message)))
    with pytest.raises(NotReached, match="connection refused|no endpoints available"):
        get_service(server.cluster(), "default", "web", 80, "/a")


def test_an_application_that_answers_with_such_a_status_answers(serve):
    server = serve(a=(403, {}, b'{"message": "services/proxy"}'), b=(403, {}, b"[]"))
    assert [get_service(server.cluster(), "default", "web", 80, path)[0] for path in ("/a", "/b")] == [403, 403]


def test_missing_permission_is_named(serve):
    server = serve(a=(403, {}, status('services "http:web:80" is forbidden: User "u" cannot get resource "services/proxy"')))
    with pytest.raises(RunbookError, match="Not allowed to get services/proxy in namespace default, which is needed to check Service web") as caught:
        get_service(server.cluster(), "default", "web", 80, "/a")
    assert caught.value.facts == {"missing_permissions": ["get services/proxy"]}


def test_only_the_start_of_a_long_body_is_read(serve):
    server = serve(a=(200, {}, b"x" * (MAX_BODY + 1)))
    assert len(get_service(server.cluster(), "default", "web", 80, "/a")[1]) == MAX_BODY


def test_api_server_that_is_away(serve):
    server = serve()
    cluster = server.cluster()
    server.stop()
    server.stop = lambda: None
    with pytest.raises(Unreachable, match="can't be reached"):
        get_service(cluster, "default", "web", 80)
