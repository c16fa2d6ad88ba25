# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes waits of psycopg2 interruptible by Ctrl-C and by a time-out.

By default psycopg2 waits inside libpq, where Python's signal handlers don't run. With a wait callback it waits here. The callback is one
for the whole process, so it is set only while a connection is opened or used, and the previous one is restored. psycopg2.extras.wait_select
does not do: it has no time-out, which libpq leaves to the callback; it turns Ctrl-C into an error like a statement time-out; and its
cancel request blocks Python, while the forward that carries it runs in another thread.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import psycopg2
    from psycopg2 import extensions
except ImportError:
    psycopg2 = None  # reported where a database is opened


@contextmanager
def interruptible(seconds: int | None = None, each: int | None = None) -> Iterator[None]:
    """Waits of psycopg2 in the block can be interrupted.

    They end with OperationalError ``seconds`` after the block began, and where nothing was received for ``each`` seconds.
    """
    previous = extensions.get_wait_callback()
    until = None if seconds is None else time.monotonic() + seconds
    extensions.set_wait_callback(lambda connection: wait(connection, until, each))
    try:
        yield
    finally:
        extensions.set_wait_callback(previous)


def wait(connection, until: float | None = None, each: int | None = None) -> None:
    """Waits until the connection is ready, at most until that time of time.monotonic(), and ``each`` seconds for the next part of an answer."""
    while (state := connection.poll()) != extensions.POLL_OK:
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        limits = [limit for limit in (None if until is None else max(0, until - time.monotonic()), each) if limit is not None]
        if not poller.poll(min(limits) * 1000 if limits else None):
            raise psycopg2.OperationalError("timeout expired: no answer within the time-out")
