# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A TCP relay before a server, for tests that count or cut what passes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

PIECE = 1 << 16


class Relay:
    """Listens on 127.0.0.1 before ``target``, a port there or the path of a socket. Use as a context manager."""

    def __init__(self, target: int | str):
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                server = self._connect()
                threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._target, int):
            return socket.create_connection(("127.0.0.1", self._target))
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        return server

    def _pass(self, source: socket.socket, sink: socket.socket, to_target: bool) -> None:
        """Passes on one direction of a connection, until it ends."""
        raise NotImplementedError


def cut(end: socket.socket) -> None:
    """Breaks a connection off. One that is only shut down leaves a peer that filled its window waiting for good."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)  # wakes who reads from it
    end.close()
