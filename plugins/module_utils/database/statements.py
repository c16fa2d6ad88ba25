# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of a PostgreSQL database, the same whatever the way to it: statements that are carried out together or not at all.

A statement's parameters are text or None and stand in its SQL as $1, $2, … with the type that the SQL casts them to; every column
that it returns is cast to text. So a value comes out as it would go in, and none is ever put together with SQL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ansible_collections.runbook.minikube.plugins.module_utils.database.portable import search_path
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

READ_ONLY = "25006"
TAKE_OFF = (
    "somebody does not want it written. If that is over, take the setting off where it stands (the URL's options, ALTER ROLE … RESET, "
    "ALTER DATABASE … RESET, or the server's configuration)."
)
# Has the server look every second whether its client is still there, so that a run that is cut off leaves no statement running. PostgreSQL 14.
GONE_CLIENT = "SELECT set_config(name, '1000', true) FROM pg_settings WHERE name = 'client_connection_check_interval'"
LONGEST_NAME = 63  # bytes; PostgreSQL would cut a longer one


@dataclass(frozen=True)
class Statement:
    """One statement. ``count``: how many rows it has to touch, else everything is rolled back; None: any."""

    sql: str
    parameters: tuple[str | None, ...] = field(default=(), repr=False)
    count: int | None = None


@dataclass(frozen=True)
class Result:
    """What a statement did: how many rows it touched or returned, and these, as column to text or None."""

    count: int
    rows: list[dict[str, str | None]] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class Limits:
    """Seconds after which the database gives up: a connection, a statement, and the wait for somebody else's lock."""

    connect: int = 10
    statement: int = 30
    lock: int = 5


class Database(Protocol):
    """One of the ways to a database."""

    where: str  # for messages: which database, by which way; without a password

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """Carries out all statements in one transaction; without ``write`` it is read only.

        Raises DatabaseError, or CountError where a statement touched another number of rows; in both cases nothing is changed, but
        where DatabaseError says that it is not known.
        """


class DatabaseError(RunbookError):
    """The database refused, or can't be reached. ``sqlstate`` is its five-letter code, "" where there is none.

    ``unknown``: whether the transaction may have been carried out, as the answer to its end was lost.
    """

    def __init__(self, message: str, sqlstate: str = "", unknown: bool = False):
        super().__init__(message)
        self.sqlstate = sqlstate
        self.unknown = unknown


class CountError(RunbookError):
    """A statement (number ``index``) touched other rows than planned, as somebody else wrote meanwhile. Nothing was changed."""

    def __init__(self, index: int, wanted: int, found: int):
        super().__init__(f"Statement {index + 1} touched {found} rows instead of {wanted}: somebody else wrote meanwhile. Nothing was changed.")
        self.index = index


def rows(database: Database, sql: str, *parameters: str | None) -> list[dict[str, str | None]]:
    """The rows of one query."""
    return database.run([Statement(sql, parameters)], write=False)[0].rows


def require_writable(database: Database) -> None:
    """Raises DatabaseError where transactions are read only, whether the URL, the user, the database or the server says so."""
    sql = "SELECT current_setting('default_transaction_read_only')::text AS read_only, pg_is_in_recovery()::text AS standby"
    (found,) = rows(database, sql)
    if found["standby"] == "true":
        raise DatabaseError(f"{database.where} is a standby, which can't be written: use the address of the primary. Nothing was changed.", READ_ONLY)
    if found["read_only"] == "on":
        raise DatabaseError(f"{database.where} is set to read only (default_transaction_read_only): {TAKE_OFF} Nothing was changed.", READ_ONLY)


def quoted(name: str) -> str:
    """A name of a schema, table or column as SQL takes it. Raises RunbookError for one that can't be such a name."""
    if not name or len(name.encode()) > LONGEST_NAME or re.search(r"[\0$]", name):
        raise RunbookError(f"{name!r} is no name of a schema, table or column: it needs 1 to {LONGEST_NAME} bytes without $.")
    return '"' + name.replace('"', '""') + '"'


def settings(limits: Limits, write: bool, schemas: Sequence[str] = ()) -> list[str]:
    """The statements that open each transaction. Times are read and written as UTC; ``schemas`` are those that the URL names.

    A transaction that writes is not called READ WRITE, as that would override a default_transaction_read_only.
    """
    return [
        f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED{'' if write else ' READ ONLY'}",
        f"SET LOCAL statement_timeout = '{limits.statement}s'",
        f"SET LOCAL lock_timeout = '{limits.lock}s'",
        "SET LOCAL idle_in_transaction_session_timeout = '60s'",
        "SET LOCAL TIME ZONE 'UTC'",
        "SET LOCAL datestyle = 'ISO, YMD'",
        GONE_CLIENT,
        *([search_path(schemas)] if schemas else []),
    ]
