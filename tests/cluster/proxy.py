# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A TCP proxy before an engine: counts what is sent to it, and cuts the line for real."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

PIECE = 1 << 16


class Proxy:
    """Listens on 127.0.0.1 before ``target``, a port there or the path of a socket. ``received`` counts bytes towards the target.

    With ``cut_after``, a connection by which more than that many bytes went to the target is closed on both sides.
    """

    def __init__(self, target: int | str, cut_after: int | None = None):
        self._target = target
        self.cut_after = cut_after
        self.received = 0
        self.cuts = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_error) -> None:
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
        sent = 0
        with suppress(OSError):
            while piece := source.recv(PIECE):
                sink.sendall(piece)
                sent += len(piece)
                if to_target and self._counted(len(piece), sent):
                    cut(source)
                    cut(sink)
                    return
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _counted(self, size: int, sent: int) -> bool:
        """Counts, and returns whether this connection is to be cut now."""
        with self._lock:
            self.received += size
            if self.cut_after is None or sent <= self.cut_after:
                return False
            self.cuts += 1
            return True


def cut(end: socket.socket) -> None:
    """Breaks a connection off. One that is only shut down leaves a peer that filled its window waiting for good."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)  # wakes who reads from it
    end.close()
