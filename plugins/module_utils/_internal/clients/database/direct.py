# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database that this process connects to, directly or through a tunnel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import RunbookError
from ...libraries import DATABASE, missing_message
from ...write_guard import WRITES
from .address import Address
from .errors import database_error
from .libpq import connection_parameters, own_environment, require_supported
from .portable import for_psycopg2, named
from .statements import CountError, Limits, Result, Statement, settings
from .waiting import interruptible

try:
    import psycopg2
    import psycopg2.extensions
except ImportError:
    psycopg2 = None


GRACE = 10  # seconds after a statement's time-out, which the server enforces, until a connection without an answer is given up


class DirectDatabase:
    """Opens a new connection for each transaction, so that a broken connection does not matter."""

    def __init__(self, address: Address, limits: Limits, tunnel: tuple[str, int] | None = None, through: str = ""):
        """``tunnel``: (IP address, port) to connect to instead; the certificate is still checked against the real host name."""
        if psycopg2 is None:
            raise RunbookError(f"{missing_message(DATABASE)} Or use via: pod.")
        address.require_complete(tunnelled=tunnel is not None)
        self._parameters = connection_parameters(address.parameters, tunnel)
        require_supported(self._parameters, psycopg2.extensions.libpq_version(), address.origin)
        self._limits = limits
        self._schemas = address.schemas
        self.where = f"The {address}{through}"

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """See Database."""
        committing = False
        try:
            with self._connected() as connection:
                cursor = connection.cursor()
                cursor.execute("; ".join(settings(self._limits, write, self._schemas)))
                results = [_execute(cursor, index, statement) for index, statement in enumerate(statements)]
                if write:
                    WRITES.before_write()
                committing = write
                connection.commit()
                return results
        except (psycopg2.Error, ValueError) as error:  # ValueError: text that the database's encoding can't represent
            # The driver's own error is not chained: it shows the statement with its values.
            raise database_error(str(error), getattr(error, "pgcode", None) or "", self.where, committing) from None

    def run_outside_transaction(self, sql: str, timeout: int) -> None:
        """See Database."""
        sent = False
        try:
            with self._connected(timeout) as connection:
                connection.autocommit = True
                WRITES.before_write()
                sent = True
                connection.cursor().execute(sql)
        except psycopg2.Error as error:
            raise database_error(str(error), getattr(error, "pgcode", None) or "", self.where, committing=sent) from None

    @contextmanager
    def _connected(self, timeout: int | None = None) -> Iterator:
        """A connection, which is always closed; that rolls back what was not committed. ``timeout``: seconds until the block's statements must end."""
        with own_environment(), interruptible(self._limits.connect):
            connection = psycopg2.connect(**self._parameters)
        try:
            with interruptible(timeout, each=None if timeout else self._limits.statement + GRACE):
                yield connection
        finally:
            connection.close()


def _execute(cursor, index: int, statement: Statement) -> Result:
    cursor.execute(for_psycopg2(statement.sql), named(statement.parameters))
    columns = [column.name for column in cursor.description or []]
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()] if columns else []
    if statement.count is not None and cursor.rowcount != statement.count:
        raise CountError(index, statement.count, cursor.rowcount)
    return Result(cursor.rowcount, rows)
