# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A forward whose pod does not take the connection: the one who connected is told at once."""

from __future__ import annotations

import socket
import threading

from ansible_collections.runbook.minikube.plugins.module_utils.cluster import forward

PORT = b"\x90\x1f"


class Refusing:
    """The streams of a pod where nobody listens, as the kubelet ends them."""

    def __init__(self):
        self._pieces = [(forward.DATA, PORT), (forward.ERROR, PORT), (forward.ERROR, b"Connection refused")]
        self.sent = threading.Event()

    def send(self, _channel, _data):
        self.sent.set()

    def receive(self):
        assert self.sent.wait(5), "nothing was sent"
        return self._pieces.pop(0) if self._pieces else None

    def close(self):
        """Nothing is open."""


def test_a_refusal_ends_the_connection_although_a_thread_still_reads_from_it(monkeypatch):
    monkeypatch.setattr(forward.Channels, "open", lambda *_arguments: Refusing())
    with forward.Forward(None, "default", "pod", 8080) as opened, socket.create_connection(opened.address, 5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(1) == b""
        assert "Connection refused" in str(opened.failure)
