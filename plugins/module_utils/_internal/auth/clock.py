# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The application's clock, by which Better Auth decides whether a key has expired, beside the database's.

They differ where a virtual machine was asleep: a key that the database retires an hour ahead signs on for an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.errors import ApiError, Unreachable
from ..clients.cluster.exec import execute
from ..clients.database.statements import Database, rows
from .server_secrets import AuthServer

TOLERANCE = 5  # seconds: what a measurement is not better than
TIMEOUT = 15  # seconds for one command
PROGRAMS = (["date", "+%s"], ["node", "-p", "Math.floor(Date.now() / 1000)"])  # each prints the seconds since 1970


@dataclass(frozen=True)
class Offset:
    """Seconds that a clock is ahead of this machine's, and by how many that may be wrong: half of the time that asking took."""

    seconds: float
    margin: float = 0

    @classmethod
    def of(cls, shown: float, before: float, after: float) -> Offset:
        """The offset of a clock that showed a time between two times of this machine's."""
        return cls(shown - (before + after) / 2, (after - before) / 2)


@dataclass(frozen=True)
class Clock:
    """``skew``: seconds that the database's clock is ahead of the application's, None where only the database's is known."""

    skew: int | None = None

    @property
    def now(self) -> str:
        """The application's time in SQL."""
        return f"(now() - make_interval(secs => {self.skew}))" if self.skew else "now()"

    def warnings(self) -> list[str]:
        """That the clocks differ."""
        if not self.skew:
            return []
        return [
            f"The database's clock is {abs(self.skew)} s {'ahead of' if self.skew > 0 else 'behind'} the application's, which decides whether a "
            "key has expired. Correct the clock that is wrong: sessions and tokens expire by them too."
        ]


def clock_between(database: Offset, application: Offset) -> Clock:
    """The clock from two offsets. A difference that may be the measurement's own counts as none. Pure."""
    skew = round(database.seconds - application.seconds)
    return Clock(skew if abs(skew) > TOLERANCE + database.margin + application.margin else 0)


def read_clock(database: Database, application: Offset | None) -> Clock:
    """The clock of an application whose offset from this machine's is known, or that of the database."""
    if application is None:
        return Clock()
    before = time.time()
    (found,) = rows(database, "SELECT extract(epoch FROM clock_timestamp())::text AS now")
    return clock_between(Offset.of(float(found["now"]), before, time.time()), application)


def application_offset(connect: Callable[[], Cluster], namespace: str, servers: list[AuthServer], needs_cluster: bool) -> Offset | None:
    """The offset of the application's clock: that of the auth server that is furthest behind, which expires keys last.

    Where no server can be asked, the API server's; None where no cluster is needed otherwise.
    """
    if not servers and not needs_cluster:
        return None
    cluster = connect()
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        measured = [offset for offset in pool.map(lambda one: _offset(cluster, namespace, one), servers) if offset]
    return min(measured, key=lambda one: one.seconds) if measured else Offset(cluster.now().timestamp() - time.time())


def _offset(cluster: Cluster, namespace: str, server: AuthServer) -> Offset | None:
    for program in PROGRAMS:
        before = time.time()
        try:
            done = execute(cluster, server.pod, namespace, server.container, program, timeout=TIMEOUT)
        except (ApiError, Unreachable, TimeoutError):
            return None
        text = done.stdout.strip()
        if done.code == 0 and text.isdigit():
            return Offset.of(int(text) + 0.5, before, time.time())
    return None
