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
from .tunnel import carry

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
        carry(connection, self._open, self._failed)

    def _failed(self, error: RunbookError) -> None:
        self.failure = error

    def _open(self) -> Channels:
        """Retries while the API server drops the connection, as one under load does: nothing was sent to the pod yet."""
        until = time.monotonic() + CONNECT_TIMEOUT
        while True:
            try:
                channels = Channels.open(self._cluster, self._path, [("ports", str(self._port))], PORT_FORWARD)
                self.opened = True
                return channels
            except Unreachable:
                if time.monotonic() + RETRY_INTERVAL > until:
                    raise
            time.sleep(RETRY_INTERVAL)
