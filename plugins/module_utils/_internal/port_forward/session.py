# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A supervisor's connection to the cluster, which is made again from the kubeconfig after a failure: addresses and certificates change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..clients.cluster import certificate_files
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError, Unreachable
from ..errors import RunbookError

UNAUTHORIZED = 401
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds between two attempts to connect


class Session:
    """The cluster of connection options, for all threads of a supervisor."""

    def __init__(self, params: dict, connect: Callable[[dict], Cluster] = Cluster.connect):
        self._params = params
        self._connect = connect
        self._lock = threading.Lock()
        self._cluster: Cluster | None = None
        self._pause = FIRST_PAUSE
        self._next_attempt = 0.0  # of time.monotonic()
        self._failure: RunbookError | None = None

    def cluster(self) -> Cluster:
        """The cluster. Raises RunbookError, during a pause after a failed attempt that of the attempt."""
        with self._lock:
            if self._cluster is None:
                if self._failure and time.monotonic() < self._next_attempt:
                    raise self._failure
                self._cluster = self._connected()
            return self._cluster

    def failed(self, cluster: Cluster, error: RunbookError) -> None:
        """Connects again at the next use, where the error may be one of the connection."""
        if not isinstance(error, Unreachable) and not (isinstance(error, ApiError) and error.status == UNAUTHORIZED):
            return
        with self._lock:
            if self._cluster is cluster:
                self._cluster = None
                self._delay(error)

    def works(self, cluster: Cluster) -> None:
        """The next failure is the first one again."""
        with self._lock:
            if self._cluster is cluster:
                self._failure, self._pause = None, FIRST_PAUSE

    def _connected(self) -> Cluster:
        certificate_files.remove()  # of the former connection, and what the libraries remember of it
        try:
            return self._connect(self._params)
        except RunbookError as error:
            self._delay(error)
            raise
        except OSError as error:
            failure = RunbookError(f"The kubeconfig's certificates can't be written to files: {error}.")
            self._delay(failure)
            raise failure from error

    def _delay(self, error: RunbookError) -> None:
        self._failure = error
        self._next_attempt = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
