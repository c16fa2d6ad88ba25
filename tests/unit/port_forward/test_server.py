# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A forward that listens for real, to pods that only seem to exist: which pod gets a connection, and what is known of the forward."""

from __future__ import annotations

import dataclasses
import queue
import socket
from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.tunnel import DATA, ERROR, carry
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward import endpoints as module
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward import health, server
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.endpoints import Attempts, Endpoints
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.health import problem_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.server import Server
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.session import Session
from port_forward_data import FREE, service

PORT = b"\x90\x1f"
SLOW = 30  # seconds of patience on a busy machine


class Pod:
    """The streams to a pod: it refuses the connection, answers what it gets, or says nothing."""

    def __init__(self, refusal: str = "", answer: bytes | None = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
        self._refusal, self._answer = refusal.encode(), answer
        self._pieces: queue.Queue = queue.Queue()
        for channel in (DATA, ERROR):
            self._pieces.put((channel, PORT))
        if refusal:
            self._pieces.put((ERROR, self._refusal))
        self.got = b""

    def send(self, _channel, data):
        self.got += data
        if self._answer and not self._refusal:
            self._pieces.put((DATA, self._answer))

    def receive(self, deadline=None):
        try:
            return self._pieces.get(timeout=SLOW if deadline is None else 0.2)
        except queue.Empty:
            raise TimeoutError from None

    def close(self):
        self._pieces.put(None)

    shut_down = request_close = close


class Cluster:
    """An API server that knows the Service frontend with ready pods, and how each of them is."""

    def __init__(self, **pods):
        self.pods = pods
        self.service: dict | None = service("frontend", {"port": 3000})
        self.opened: list[str] = []

    def get(self, kind, name, namespace):
        assert (kind, name, namespace) == ("Service", "frontend", "default")
        return self.service

    def list(self, kind, namespace, label_selector):
        assert (kind, namespace, label_selector) == ("EndpointSlice", "default", "kubernetes.io/service-name=frontend")
        return [{"ports": [{"port": 8080}], "endpoints": [{"targetRef": {"kind": "Pod", "name": name}} for name in self.pods]}]

    def open(self, path, query):
        assert query == [("ports", "8080")]
        name = path.split("/")[-2]
        self.opened.append(name)
        pod = self.pods[name]
        if isinstance(pod, Exception):
            raise pod
        return pod() if callable(pod) else pod


@pytest.fixture
def reached(monkeypatch):
    """The endpoints of FRONTEND in a cluster."""
    monkeypatch.setattr(module.Channels, "open", lambda cluster, path, query, _protocols: cluster.open(path, query))
    monkeypatch.setattr(module.random, "choice", min)  # the first by name

    def reach(cluster, forward=FREE) -> Endpoints:
        return Endpoints(Session({}, lambda _params: cluster), forward)

    return reach


def test_another_pod_gets_the_request_that_the_first_refused(reached, monkeypatch):
    monkeypatch.setattr(server, "problem_of", lambda _endpoints, _port: "")
    good = Pod()
    cluster = Cluster(a=lambda: Pod("dial tcp4 127.0.0.1:8080: connect: connection refused"), b=good)
    reached(cluster)
    made = Server(FREE, Session({}, lambda _params: cluster), lambda _line: None)
    made.start()
    try:
        with socket.create_connection(("127.0.0.1", made.status.forward.local_port), SLOW) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
        assert good.got == b"GET / HTTP/1.1\r\n\r\n" and cluster.opened == ["a", "b"]
        assert (made.status.connections, made.status.failures) == (1, 0)
    finally:
        made.close()


def test_a_client_is_told_after_a_while_and_the_failure_is_counted_and_logged(reached, monkeypatch):
    monkeypatch.setattr(server, "problem_of", lambda _endpoints, _port: "")
    monkeypatch.setattr(server, "PATIENCE", 0.3)
    lines: queue.Queue = queue.Queue()
    cluster = Cluster()
    reached(cluster)
    made = Server(FREE, Session({}, lambda _params: cluster), lines.put)
    made.start()
    try:
        with socket.create_connection(("127.0.0.1", made.status.forward.local_port), SLOW) as client:
            assert client.recv(1) == b""
        found = [lines.get(timeout=SLOW) for _line in range(2)]
        assert any("a connection failed: Service default/frontend has no ready endpoint: none of its pods is ready." in line for line in found), found
        assert made.status.failures == 1
    finally:
        made.close()


def test_what_an_answering_pod_has_received_is_sent_to_no_other(reached):
    class Breaking(Pod):
        def send(self, channel, data):
            super().send(channel, data)
            self._pieces.put((ERROR, b"connection refused"))

    broken, other = Breaking(), Pod()
    ends = socket.socketpair()
    attempts = Attempts(reached(Cluster(a=broken, b=other)), SLOW)
    failures: list = []
    ends[0].sendall(b"POST / HTTP/1.1\r\n\r\n")
    carry(ends[1], attempts.open, failures.append, attempts.may_retry)
    assert other.got == b"" and "connection refused" in str(failures[0])
    ends[0].close()


@pytest.mark.parametrize("error", [Unreachable("away"), ApiError("gone", 404, "NotFound"), ApiError("busy", 500, "")])
def test_a_pod_that_can_not_be_reached_is_tried_again(reached, error):
    outcomes = [error]

    def pod():
        if outcomes:
            raise outcomes.pop()
        return Pod()

    assert isinstance(Attempts(reached(Cluster(a=pod)), SLOW).open(), Pod) and not outcomes


def test_a_missing_permission_is_named(reached):
    with pytest.raises(RunbookError, match="Not allowed to get and create pods/portforward in namespace default"):
        reached(Cluster(a=ApiError("no", 403, "Forbidden"))).connect()


def test_a_service_that_has_gone_is_named(reached):
    cluster = Cluster(a=Pod())
    cluster.service = None
    with pytest.raises(RunbookError, match="There is no Service frontend in namespace default any more."):
        reached(cluster).connect()


def test_pods_are_read_once_a_second_and_after_each_failure(reached, monkeypatch):
    reads: list = []
    cluster = Cluster(a=Pod(), b=Pod())
    read = cluster.list
    monkeypatch.setattr(cluster, "list", lambda *given, **more: reads.append(1) or read(*given, **more))
    monkeypatch.setattr(module.time, "monotonic", lambda: 100.0)
    made = reached(cluster)
    assert [made.connect()[0] for _time in range(2)] == [("a", 8080)] * 2 and len(reads) == 1
    made.avoid(("a", 8080))
    assert made.connect()[0] == ("b", 8080) and len(reads) == 2
    made.avoid(("b", 8080))
    assert made.connect()[0] == ("a", 8080), "a refusing pod is better than none"


@pytest.mark.parametrize(("pod", "path", "words"), [
    (Pod(), "", ""), (Pod(answer=None), "", ""),
    (Pod("connection refused"), "", "Pod a does not accept connections at port 8080: connection refused"),
    (Unreachable("The API server is away."), "", "The API server is away."),
])  # fmt: skip
def test_without_a_path_a_forward_works_if_a_pod_accepts_the_connection(reached, pod, path, words):
    assert problem_of(reached(Cluster(a=pod), dataclasses.replace(FREE, path=path)), 1) == words


@pytest.mark.parametrize(("status", "expected", "words"), [
    ("200 OK", 0, ""), ("302 Found", 0, ""), ("404 Not Found", 0, "/api/health returns HTTP status 404, expected one below 400"),
    ("200 OK", 204, "returns HTTP status 200, expected 204"), ("500 Error", 500, ""),
])  # fmt: skip
def test_with_a_path_the_http_status_decides(reached, monkeypatch, status, expected, words):
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    cluster = Cluster(a=lambda: Pod(answer=answer))
    monkeypatch.setattr(server, "problem_of", lambda _endpoints, _port: "")
    forward = dataclasses.replace(FREE, status=expected)
    endpoints = reached(cluster, forward)
    made = Server(forward, Session({}, lambda _params: cluster), lambda _line: None)
    made.start()
    try:
        problem = problem_of(Endpoints(endpoints._session, made.status.forward), made.status.forward.local_port)
    finally:
        made.close()
    assert problem.endswith(words) and bool(problem) is bool(words)
    if words:
        assert problem.startswith(f"http://127.0.0.1:{made.status.forward.local_port}/api/health ")


def test_no_response_is_a_problem(reached, monkeypatch):
    monkeypatch.setattr(health, "RESPONSE_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        problem = problem_of(reached(Cluster(a=Pod(answer=None))), silent.getsockname()[1])
    assert "does not respond: timed out" in problem


def test_changes_of_the_health_are_noted_once(monkeypatch):
    lines: list[str] = []
    made = Server(FREE, SimpleNamespace(), lines.append)
    try:
        for problem in ("", "", "away", "away", "broken", ""):
            made._observed(problem)
        assert [line.rpartition(": ")[2] for line in lines] == ["works", "away", "broken", "works"]
        assert made.status.healthy and made.status.reconnects == 1 and made.status.problem == ""
    finally:
        made.close()
