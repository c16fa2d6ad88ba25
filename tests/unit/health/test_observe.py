# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Health checks against a real HTTP server on loopback."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.service_proxy import NotReached
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.observe import MAX_BODY, MAX_SHOWN, check_urls, mismatches
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.options import HealthCheck, HealthOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.routes import Route


class Server(BaseHTTPRequestHandler):
    """Becomes healthy with the third request to /slow."""

    requests = 0
    released = threading.Event()

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
        if self.path == "/large":
            self.wfile.write(b"x" * (MAX_BODY + 1))
        elif self.path == "/endless":
            self._trickle()
        self.wfile.write(b"<html>" if self.path == "/page" else json.dumps({"status": "healthy", "since": 1}).encode())

    def _trickle(self):
        """A body without an end, with a byte now and then."""
        with contextlib.suppress(OSError):
            while not self.released.wait(0.02):
                self.wfile.write(b" ")
                self.wfile.flush()

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    Server.released.set()
    server.shutdown()
    server.server_close()


def check(url, **more):
    return HealthCheck("it", "web", **more), Route(url)


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


def test_parallel_checks_do_not_share_how_they_treat_redirects(address):
    checks = [check(f"{address}/moved"), check(f"{address}/moved", status=307)] * 10
    assert [result["problem"] for result in check_urls(checks, 0)] == [""] * len(checks)


def test_connection_refused():
    (result,) = check_urls([check("http://127.0.0.1:9/")], 0)
    assert not result["healthy"] and "does not respond" in result["problem"]


def test_large_body_is_no_json_document(address):
    plain, json_document = check_urls([check(f"{address}/large"), check(f"{address}/large", json={"status": "healthy"})], 0)
    assert plain["healthy"] and f"more than {MAX_BODY} bytes" in json_document["problem"]


def test_body_without_an_end_is_no_response(address, monkeypatch):
    monkeypatch.setattr(observe, "BODY_TIMEOUT", 0.2)
    (result,) = check_urls([check(f"{address}/endless")], 0)
    assert "does not respond: no answer within 0.2 s" in result["problem"]


def test_unexpected_value_is_shown_in_part():
    assert mismatches("a", "b" * 10 * MAX_SHOWN) == [f"the response is '{'b' * (MAX_SHOWN - 1)} …, expected 'a'"]


class Cluster:
    """A Service, and an Ingress that may not be read."""

    def __init__(self, address: str):
        host, port = address.removeprefix("http://").split(":")
        published = {"loadBalancer": {"ingress": [{"ip": host}]}}
        self.service = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": int(port)}]}, "status": published}

    def list(self, kind, _namespace):
        if kind == "Ingress":
            raise ApiError("forbidden", 403, "Forbidden")
        return [self.service]


def observed(cluster, **check) -> dict:
    (result,) = observe.observe(cluster, HealthOptions("default", "", (HealthCheck("it", "web", path="/health", **check),)))
    return result


def test_address_of_a_load_balancer_is_requested(address):
    result = observed(Cluster(address), via="loadbalancer")
    assert result["healthy"] and result["url"] == f"{address}/health" and result["via"] == "loadbalancer"


def test_given_url_is_requested_without_reading_an_ingress(address):
    assert observed(Cluster(address), via="ingress", url=f"{address}/")["healthy"]


def test_missing_permission_for_an_ingress_is_named(address):
    with pytest.raises(RunbookError, match="Not allowed to list ingresses in namespace default"):
        observed(Cluster(address), via="ingress")


def test_service_behind_a_forward_is_asked_by_the_api_server(address, monkeypatch):
    asked = []
    monkeypatch.setattr(observe, "get_service", lambda *call, **options: asked.append((*call[1:], options["follow"])) or (200, b"{}"))
    result = observed(Cluster(address), via="forward")
    port = int(address.rpartition(":")[2])
    assert result["healthy"] and result["url"] == f"http://localhost:{port}/health" and asked == [("default", "web", port, "/health", True)]
    assert observed(Cluster(address), via="forward", status=204)["problem"] == "returns HTTP status 200, expected 204 (asked through the API server)"


@pytest.mark.parametrize("error", [NotReached("dial tcp 10.0.0.1:80: connect: connection refused"), Unreachable("the API server is away")])
def test_service_that_does_not_answer_the_api_server(address, monkeypatch, error):
    def fail(*_call, **_options):
        raise error

    monkeypatch.setattr(observe, "get_service", fail)
    assert observed(Cluster(address), via="forward")["problem"] == f"does not respond: {error} (asked through the API server)"


def test_missing_permission_of_a_check_is_a_failure(address, monkeypatch):
    def fail(*_call, **_options):
        raise RunbookError("Not allowed to get services/proxy")

    monkeypatch.setattr(observe, "get_service", fail)
    with pytest.raises(RunbookError, match="services/proxy"):
        observed(Cluster(address), via="forward")
