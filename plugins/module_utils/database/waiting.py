# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets Ctrl-C and a time limit end what psycopg2 waits for.

By itself it waits inside libpq, where Python's signal handlers don't run. With a wait callback it waits here. psycopg2 has one for the
whole process, so it is set only while a connection is made or used, and the former one is put back. Its own psycopg2.extras.wait_select does
not do: it knows no time limit, which libpq leaves to the callback; it makes of Ctrl-C an error like a time-out of a statement; and its
request to cancel blocks Python, while a forward that has to carry it runs in another thread.
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
    psycopg2 = None  # which is told where a database is opened


@contextmanager
def interruptible(seconds: int | None = None) -> Iterator[None]:
    """What psycopg2 waits for in the block can be interrupted, and ends with OperationalError after that many seconds."""
    former = extensions.get_wait_callback()
    until = None if seconds is None else time.monotonic() + seconds
    extensions.set_wait_callback(lambda connection: _wait(connection, until))
    try:
        yield
    finally:
        extensions.set_wait_callback(former)


def _wait(connection, until: float | None) -> None:
    while (state := connection.poll()) != extensions.POLL_OK:
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        left = None if until is None else max(0, until - time.monotonic()) * 1000
        if not poller.poll(left):
            raise psycopg2.OperationalError("timeout expired: no connection within the time limit")
