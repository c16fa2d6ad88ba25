# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwards to a pod, or through an API server, that refuses the connection."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import websocket
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import forward, tunnel
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.channels import Channels
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable

PORT = b"\x90\x1f"


class Refusing:
    """The streams of a pod without a listener, as the kubelet closes them."""

    def __init__(self):
        self._pieces = [(tunnel.DATA, PORT), (tunnel.ERROR, PORT), (tunnel.ERROR, b"Connection refused")]
        self.sent = threading.Event()

    def send(self, _channel, _data):
        self.sent.set()

    def receive(self):
        assert self.sent.wait(5), "nothing was sent"
        return self._pieces.pop(0) if self._pieces else None

    def request_close(self):
        """The pod is not asked."""

    shut_down = close = request_close


def test_a_refused_connection_is_closed_while_a_thread_reads_from_it(monkeypatch):
    monkeypatch.setattr(forward.Channels, "open", lambda *_arguments: Refusing())
    with forward.Forward(None, "default", "pod", 8080) as opened, socket.create_connection(opened.address, 5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(1) == b""
        assert "Connection refused" in str(opened.failure)


class Answering(Refusing):
    """The streams of a pod that responds."""

    def __init__(self):
        super().__init__()
        self._pieces = [(tunnel.DATA, PORT), (tunnel.DATA, b"answer")]


def forward_result(monkeypatch, *outcomes):
    """The client's result while opening the streams has these outcomes in turn; the last one repeats."""
    left = list(outcomes)

    def open_streams(*_arguments):
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(forward, "RETRY_INTERVAL", 0.01)
    monkeypatch.setattr(forward, "CONNECT_TIMEOUT", 0.1)
    monkeypatch.setattr(forward.Channels, "open", open_streams)
    with forward.Forward(None, "default", "pod", 8080) as opened, socket.create_connection(opened.address, 5) as connection:
        connection.sendall(b"question")
        return connection.recv(6), opened


def test_a_dropped_connection_is_reopened(monkeypatch):
    data, opened = forward_result(monkeypatch, Unreachable("EOF"), Unreachable("EOF"), Answering())
    assert data == b"answer" and opened.opened


@pytest.mark.parametrize("error", [Unreachable("away"), ApiError("no", 403, "Forbidden")])
def test_persistent_failures_are_reported(monkeypatch, error):
    data, opened = forward_result(monkeypatch, error)
    assert data == b"" and not opened.opened and opened.failure is error


def test_a_refusal_is_not_retried(monkeypatch):
    refusal = ApiError("no", 403, "Forbidden")
    assert forward_result(monkeypatch, refusal, Answering())[1].failure is refusal


def test_a_client_that_has_gone_before_a_pod_accepts_is_not_carried_on(monkeypatch):
    monkeypatch.setattr(tunnel, "ANSWER_TIMEOUT", 0.1)
    ours, theirs = socket.socketpair()
    theirs.sendall(b"question")
    refusing, failures = Refusing(), []

    class Silent(Answering):
        """A pod that accepts the connection, and says nothing until it is closed."""

        def __init__(self):
            super().__init__()
            self._closed = threading.Event()

        def receive(self):
            assert self._closed.wait(30), "the connection to the pod is still open"

        def shut_down(self):
            self._closed.set()

    def gone(_refusal):
        theirs.close()
        return True

    streams = [refusing, Silent()]
    tunnel.carry(ours, lambda: streams.pop(0), failures.append, gone)
    assert failures == [] and streams == []


def test_a_client_that_sends_no_more_gets_its_answer():
    ours, theirs = socket.socketpair()
    theirs.sendall(b"question")
    theirs.shutdown(socket.SHUT_WR)

    class Late(Answering):
        """A pod that answers after the client has sent everything."""

        def receive(self):
            assert self.sent.wait(5)
            time.sleep(0.1)
            return super().receive()

        def request_close(self):
            self._pieces.clear()

        shut_down = close = request_close

    tunnel.carry(ours, Late, lambda error: pytest.fail(str(error)))
    assert theirs.recv(100) == b"answer"
    theirs.close()


def test_more_than_can_be_kept_is_sent_to_one_pod_only(monkeypatch):
    monkeypatch.setattr(tunnel, "MAX_KEPT", 4)
    ours, theirs = socket.socketpair()
    theirs.sendall(b"question")
    failures = []
    tunnel.carry(ours, Refusing, failures.append, lambda _refusal: pytest.fail("tried again, without the question"))
    assert "Connection refused" in str(failures[0])
    theirs.close()


def test_a_connection_that_the_other_end_has_closed_is_closed_here_too():
    ours, theirs = socket.socketpair()
    connection = websocket.WebSocket()
    connection.sock, connection.connected = ours, False  # as after a close frame
    Channels(connection, "https://192.0.2.1").close()
    assert ours.fileno() == -1
    theirs.close()


def test_a_receive_of_another_thread_ends_and_its_file_descriptor_is_not_freed():
    ours, theirs = socket.socketpair()
    connection = websocket.WebSocket()
    connection.sock, connection.connected = ours, True
    channels = Channels(connection, "https://192.0.2.1")
    channels.shut_down()
    assert ours.fileno() != -1
    with ThreadPoolExecutor() as pool:
        assert pool.submit(channels.receive).result(10) is None
    channels.close()
    channels.shut_down()
    theirs.close()
