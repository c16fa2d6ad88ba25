# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans again where another client wrote between reading and writing, up to a few attempts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..clients.database.statements import CountError, Database, DatabaseError, Statement
from ..errors import NOTHING_CHANGED, RunbookError

ATTEMPTS = 5
CONFLICTS = ("40001", "40P01")  # SQLSTATE of two concurrent writers: serialization failure, deadlock
RETRY_STATES = (*CONFLICTS, "23505", "42P07")  # also where both create the same row or table
Result = TypeVar("Result")


def retry_on_conflict(attempt: Callable[[], Result], table: str) -> Result:
    """What ``attempt`` returns, which observes, plans and writes in one transaction. ``table``: for the message of RunbookError."""
    for _number in range(ATTEMPTS):
        try:
            return attempt()
        except CountError:
            continue
        except DatabaseError as error:
            if error.sqlstate not in RETRY_STATES:
                raise
    raise RunbookError(
        f"The table {table} changed between reading and writing in each of {ATTEMPTS} attempts, which were all rolled back. {NOTHING_CHANGED} "
        "Find out who writes it (pg_stat_activity), or which trigger or policy of the table prevents the change, and run again."
    )


def write(database: Database, statements: list[Statement], backup: str) -> None:
    """Runs the statements. Raises RunbookError naming the backup, where it is unknown whether they were committed."""
    try:
        database.run(statements, write=True)
    except DatabaseError as error:
        if not error.unknown:
            raise
        raise RunbookError(
            f"{error} The connection was lost before the commit was confirmed. If it was committed, {backup} holds the previous rows. Run again."
        ) from error


def reread_after_write(read: Callable[[], Result], backup: str) -> Result:
    """What ``read`` returns after a change. Raises RunbookError naming the backup, as the change is committed already."""
    try:
        return read()
    except RunbookError as error:
        raise RunbookError(f"The change was committed ({backup}), but the rows could not be read back: {error}") from error
