# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection to a database that breaks when a COMMIT has gone through."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from relay import PIECE, Relay, cut

COMMIT = b"COMMIT\0"


class CutAfterCommit(Relay):
    """What follows a COMMIT, its answer first, does not come through: both sides are cut."""

    def __init__(self, target: int):
        super().__init__(target)
        self._committed = threading.Event()

    def _pass(self, source: socket.socket, sink: socket.socket, to_target: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if not to_target and self._committed.is_set():  # this is its answer, so it was carried out
                    break
                if to_target and COMMIT in piece:
                    self._committed.set()
                sink.sendall(piece)
        cut(sink)
        if not to_target:
            cut(source)
