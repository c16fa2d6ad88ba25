# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwards to a pod, or through an API server, that refuses the connection."""

from __future__ import annotations

import socket
import threading

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import forward
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable

PORT = b"\x90\x1f"


class Refusing:
    """The streams of a pod without a listener, as the kubelet closes them."""

    def __init__(self):
        self._pieces = [(forward.DATA, PORT), (forward.ERROR, PORT), (forward.ERROR, b"Connection refused")]
        self.sent = threading.Event()

    def send(self, _channel, _data):
        self.sent.set()

    def receive(self):
        assert self.sent.wait(5), "nothing was sent"
        return self._pieces.pop(0) if self._pieces else None

    def close(self):
        """Nothing to close."""


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
        self._pieces = [(forward.DATA, PORT), (forward.DATA, b"answer")]


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
