# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Serves one forward: accepts connections, carries each to a ready pod, and checks the forward's health."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone

from ..clients.cluster.tunnel import carry
from ..errors import RunbookError
from .endpoints import Attempts, Endpoints
from .health import problem_of
from .model import Forward, Status
from .ports import listener
from .session import Session

PATIENCE = 20.0  # seconds that a client waits for a ready pod
MAX_CONNECTIONS = 64  # of a supervisor at the same time; more wait. Each takes about 160 KiB
CHECK_INTERVAL = 10.0  # seconds between two checks of a forward that works
FIRST_INTERVAL = 1.0  # of one that does not; doubled with each check


class Server:
    """The server of one of ``count`` forwards. ``changed`` is called with a line for the log after each change of its status."""

    def __init__(self, forward: Forward, session: Session, changed: Callable[[str], None], count: int = 1):
        self._listener = listener(forward.address, forward.local_port)  # raises OSError
        forward = replace(forward, local_port=self._listener.getsockname()[1])
        self._endpoints = Endpoints(session, forward)
        self._status = Status(forward, since=now())
        self._changed = changed
        self._lock = threading.Lock()
        self._places = threading.Semaphore(max(MAX_CONNECTIONS // count, 1))
        self._ended = threading.Event()

    def start(self) -> None:
        """Begins to serve, in threads of its own."""
        for run in (self._accept, self._check):
            threading.Thread(target=run, daemon=True).start()

    def close(self) -> None:
        """Accepts no more connections."""
        self._ended.set()
        self._listener.close()

    @property
    def status(self) -> Status:
        """Its status now."""
        return self._status

    def _accept(self) -> None:
        while not self._ended.is_set():
            self._places.acquire()
            try:
                connection, _peer = self._listener.accept()
            except OSError:  # closed, or out of file descriptors
                self._places.release()
                self._ended.wait(0.1)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        attempts = Attempts(self._endpoints, PATIENCE)
        self._count("connections")
        try:
            carry(connection, attempts.open, self._failed, attempts.may_retry)
        finally:
            self._places.release()

    def _failed(self, error: RunbookError) -> None:
        self._count("failures")
        self._changed(f"{self._status.forward}: a connection failed: {error}")

    def _check(self) -> None:
        interval = FIRST_INTERVAL
        while True:
            problem = problem_of(self._endpoints, self._status.forward.local_port)
            self._observed(problem)
            interval = min(interval * 2, CHECK_INTERVAL) if problem else FIRST_INTERVAL
            if self._ended.wait(interval if problem else CHECK_INTERVAL):
                return

    def _observed(self, problem: str) -> None:
        """Notes the result of a check."""
        before, healthy = self._status, not problem
        if healthy is before.healthy and problem == before.problem:
            return
        since = now() if healthy is not before.healthy else before.since
        reconnects = before.reconnects + (healthy and before.healthy is False)
        with self._lock:
            self._status = replace(self._status, healthy=healthy, problem=problem, since=since, reconnects=reconnects)
        self._changed(f"{before.forward}: {problem or 'works'}")

    def _count(self, name: str) -> None:
        with self._lock:
            self._status = replace(self._status, **{name: getattr(self._status, name) + 1})


def now() -> str:
    """The time, in ISO 8601 and UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
