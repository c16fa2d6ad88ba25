# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The interface to a PostgreSQL database, however it is reached: statements that run in one transaction.

A statement's parameters are text or None, and its SQL refers to them as $1, $2, … and casts them; every column that it returns is
cast to text. So a value that is read can be written back as it is, and SQL is never concatenated with values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ...errors import NOTHING_CHANGED, RunbookError
from .portable import search_path

READ_ONLY = "25006"
RESET_READ_ONLY = (
    "somebody has protected it from writes. If that is no longer needed, reset the parameter where it is set (the URL's options, "
    "ALTER ROLE … RESET, ALTER DATABASE … RESET, or the server's configuration)."
)
# The server checks the connection every second, so that an interrupted run leaves no statement running. PostgreSQL 14 and later.
CHECK_CONNECTION = "SELECT set_config(name, '1000', true) FROM pg_settings WHERE name = 'client_connection_check_interval'"
MAX_NAME_LENGTH = 63  # bytes; PostgreSQL truncates longer names


@dataclass(frozen=True)
class Statement:
    """One statement. ``count``: how many rows it must affect, else the transaction is rolled back; None: any number."""

    sql: str
    parameters: tuple[str | None, ...] = field(default=(), repr=False)
    count: int | None = None


@dataclass(frozen=True)
class Result:
    """The result of a statement: how many rows it affected or returned, and the returned rows, as column to text or None."""

    count: int
    rows: list[dict] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class Limits:
    """Time-outs in seconds: of a connection, of a statement, and of the wait for a lock."""

    connect: int = 10
    statement: int = 30
    lock: int = 5


class Database(Protocol):
    """A database, however it is reached."""

    where: str  # for messages: which database, and how it is reached; without a password

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """Runs all statements in one transaction; without ``write`` it is read only.

        Raises DatabaseError, or CountError where a statement affected another number of rows; nothing is changed then, unless
        DatabaseError has ``unknown`` set.
        """

    def run_outside_transaction(self, sql: str, timeout: int) -> None:
        """Runs one statement that PostgreSQL refuses in a transaction block, such as CREATE INDEX CONCURRENTLY.

        Names in it have their schema, and no time-out of Limits applies: a setting would remain with a pooler's connection. Raises
        DatabaseError, with ``unknown`` where there is no answer within ``timeout`` seconds; the server may still work on it then.
        """


class DatabaseError(RunbookError):
    """The database reported an error, or can't be reached. ``sqlstate`` is its five-character code, "" where it has none.

    ``unknown``: whether the transaction may have been committed, as the answer to the commit was lost.
    """

    def __init__(self, message: str, sqlstate: str = "", unknown: bool = False):
        super().__init__(message)
        self.sqlstate = sqlstate
        self.unknown = unknown


class CountError(RunbookError):
    """Statement ``index`` affected another number of rows than planned, because of a concurrent write. Nothing was changed."""

    def __init__(self, index: int, expected: int, affected: int):
        super().__init__(f"Statement {index + 1} affected {affected} rows instead of {expected}: somebody else wrote at the same time. {NOTHING_CHANGED}")
        self.index = index


def rows(database: Database, sql: str, *parameters: str | None) -> list[dict]:
    """The rows of one query."""
    return database.run([Statement(sql, parameters)], write=False)[0].rows


def require_writable(database: Database) -> None:
    """Raises DatabaseError where transactions are read only by the URL, the user, the database or the server."""
    sql = "SELECT current_setting('default_transaction_read_only')::text AS read_only, pg_is_in_recovery()::text AS standby"
    (setting,) = rows(database, sql)
    if setting["standby"] == "true":
        raise DatabaseError(f"{database.where} is a standby, which is read only: use the address of the primary. {NOTHING_CHANGED}", READ_ONLY)
    if setting["read_only"] == "on":
        raise DatabaseError(f"{database.where} is set to read only (default_transaction_read_only): {RESET_READ_ONLY} {NOTHING_CHANGED}", READ_ONLY)


def quoted(name: str) -> str:
    """A name of a schema, table or column, quoted for SQL. Raises RunbookError for an invalid name."""
    if not name or len(name.encode()) > MAX_NAME_LENGTH or re.search(r"[\0$]", name):
        raise RunbookError(f"{name!r} is not a valid name of a schema, table or column: it must have 1 to {MAX_NAME_LENGTH} bytes without $.")
    return '"' + name.replace('"', '""') + '"'


def settings(limits: Limits, write: bool, schemas: Sequence[str] = ()) -> list[str]:
    """The statements at the start of each transaction. Times are read and written as UTC; ``schemas`` are those in the URL.

    A transaction that writes is not declared READ WRITE, as that would override default_transaction_read_only.
    """
    return [
        f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED{'' if write else ' READ ONLY'}",
        f"SET LOCAL statement_timeout = '{limits.statement}s'",
        f"SET LOCAL lock_timeout = '{limits.lock}s'",
        "SET LOCAL idle_in_transaction_session_timeout = '60s'",
        "SET LOCAL TIME ZONE 'UTC'",
        "SET LOCAL datestyle = 'ISO, YMD'",
        CHECK_CONNECTION,
        *([search_path(schemas)] if schemas else []),
    ]
