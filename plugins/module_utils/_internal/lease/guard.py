# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to hold before this process writes: the run of Ansible that started it lives, and still holds its lease.

Between the check and the write a moment remains: a request to the API server or the engine takes milliseconds, a commit in PostgreSQL as well,
a transaction inside a pod as long as its statements. A takeover by another run is noticed within LOOK_INTERVAL.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..clients.cluster.client import Cluster
from ..errors import RunbookError
from .cluster_store import ClusterStore
from .identity import Holder
from .plan import TAKEN_OVER, decide_renewal, holder_report, taken_over
from .stored import WriteConflict

LOOK_INTERVAL = 10.0  # seconds after which a write reads the Lease again
WAIT_INTERVAL = 60.0  # seconds of only reading after which the Lease is read for the first time


class LeaseGuard:
    """Reads the Lease before a write, and renews it where that is due. ``clock``: seconds, monotonic."""

    def __init__(self, connect: Callable[[], Cluster], namespace: str, name: str, holder: Holder, clock: Callable[[], float] = time.monotonic):
        self._connect, self._namespace, self._name, self._holder, self._clock = connect, namespace, name, holder, clock
        self._lock = threading.RLock()  # several threads of a module may write at the same time
        self._looking = False  # the requests for the Lease itself are not guarded
        self._first = True
        self._next_look = 0.0
        self._next_wait = clock() + WAIT_INTERVAL

    def before_write(self) -> None:
        """Raises RunbookError where another run, or nobody, holds the lease."""
        with self._lock:
            if not self._looking and self._clock() >= self._next_look:
                self._look()

    def while_reading(self) -> None:
        """As before_write, but only as often as the lease has to be renewed."""
        if self._clock() < self._next_wait:
            return
        with self._lock:
            if not self._looking and self._clock() >= self._next_wait:
                self._look()

    def _look(self) -> None:
        self._looking = True
        try:
            duration = self._renew_if_due(ClusterStore(self._connect(), self._namespace, self._name))
        finally:
            self._looking = False
        self._first = False
        self._next_look = self._clock() + LOOK_INTERVAL
        self._next_wait = self._clock() + duration / 3

    def _renew_if_due(self, store: ClusterStore) -> int:
        """The lease's duration in seconds."""
        while True:
            record, version = store.read()
            decision = decide_renewal(record, self._holder, store.now(), self._first)
            if decision.action == TAKEN_OVER:
                raise RunbookError(taken_over(store.label, record), action=TAKEN_OVER, holder=holder_report(record))
            if decision.record is None:
                return record.duration
            try:
                store.write(decision.record, version)
                return record.duration
            except WriteConflict:
                continue
