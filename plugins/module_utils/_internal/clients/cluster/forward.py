# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwards a local port to a pod while a block of code runs. Each connection gets its own stream through the API."""

from __future__ import annotations

import socket
import threading
import time

from ...errors import RunbookError
from .channels import PORT_FORWARD, Channels
from .client import Cluster
from .connection import CONNECT_TIMEOUT
from .errors import Unreachable
from .kinds import path_of

DATA, ERROR = 0, 1
PORT_BYTES = 2  # each channel starts with its port number
RETRY_INTERVAL = 0.5  # seconds before reconnecting to an API server that dropped the connection


class Forward:
    """Listens on 127.0.0.1 on a free port: ``address`` is (IP address, port). Use it in a ``with`` block."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str, port: int):
        self._cluster = cluster
        self._path = path_of("Pod", namespace, pod, "portforward")
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.opened = False  # whether the API server has opened a connection to the pod
        self.failure: RunbookError | None = None  # why the last connection failed

    def __enter__(self) -> Forward:
        threading.Thread(target=self._accept, daemon=True, name=f"forward {self._path}").start()
        return self

    def __exit__(self, *_error) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:  # closed: the block has ended
                return
            threading.Thread(target=self._forward, args=(connection,), daemon=True).start()

    def _forward(self, connection: socket.socket) -> None:
        """Forwards one connection, and closes it when the pod's side ends or fails."""
        with connection:
            try:
                channels = self._open()
                self.opened = True
                threading.Thread(target=_to_pod, args=(connection, channels), daemon=True).start()
                self._from_pod(connection, channels)
            except RunbookError as error:
                self.failure = error
            except OSError:  # the client has gone
                return
            finally:
                _shut_down(connection)

    def _open(self) -> Channels:
        """Retries while the API server drops the connection, as one under load does: nothing was sent to the pod yet."""
        until = time.monotonic() + CONNECT_TIMEOUT
        while True:
            try:
                return Channels.open(self._cluster, self._path, [("ports", str(self._port))], PORT_FORWARD)
            except Unreachable:
                if time.monotonic() + RETRY_INTERVAL > until:
                    raise
            time.sleep(RETRY_INTERVAL)

    def _from_pod(self, connection: socket.socket, channels: Channels) -> None:
        started = set()
        while (piece := channels.receive()) is not None:
            channel, data = piece
            if channel not in started:
                started.add(channel)
                data = data[PORT_BYTES:]
            if channel == ERROR and data:
                raise RunbookError(f"The pod refuses connections on port {self._port}: {data.decode(errors='replace').strip()}")
            connection.sendall(data)


def _shut_down(connection: socket.socket) -> None:
    """Shuts the connection down: close alone waits for the thread that still reads from it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the client has closed it already


def _to_pod(connection: socket.socket, channels: Channels) -> None:
    try:
        while data := connection.recv(65536):
            channels.send(DATA, data)
    except (OSError, RunbookError):
        pass  # the other direction ends too, and reports it
    channels.close()
