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
def interruptible(seconds: int | None = None) -> Iterator[None]:
    """Waits of psycopg2 in the block can be interrupted, and end with OperationalError after that many seconds."""
    previous = extensions.get_wait_callback()
    until = None if seconds is None else time.monotonic() + seconds
    extensions.set_wait_callback(lambda connection: _wait(connection, until))
    try:
        yield
    finally:
        extensions.set_wait_callback(previous)


def _wait(connection, until: float | None) -> None:
    while (state := connection.poll()) != extensions.POLL_OK:
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        remaining = None if until is None else max(0, until - time.monotonic()) * 1000
        if not poller.poll(remaining):
            raise psycopg2.OperationalError("timeout expired: no connection within the time-out")
