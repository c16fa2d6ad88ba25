# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A TCP proxy before an engine: counts what is sent to it, and cuts the connection."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from relay import PIECE, Relay, cut


class Proxy(Relay):
    """``received`` counts bytes towards the target.

    With ``cut_after``, a connection by which more than that many bytes went to the target is closed on both sides.
    """

    def __init__(self, target: int | str, cut_after: int | None = None):
        super().__init__(target)
        self.cut_after = cut_after
        self.received = 0
        self.cuts = 0
        self._lock = threading.Lock()

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
