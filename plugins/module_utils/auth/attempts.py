# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans anew where somebody else wrote between reading and writing, a few times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import CountError, Database, DatabaseError, Statement
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

ATTEMPTS = 5
CONFLICTS = ("40001", "40P01")  # the database's words for two that write at once: serialization failure, deadlock
ELSE_WROTE = (*CONFLICTS, "23505", "42P07")  # also where two make the same: a row, a table
Done = TypeVar("Done")


def attempted(once: Callable[[], Done], what: str) -> Done:
    """What ``once`` returns, which observes, plans and writes in one transaction. ``what``: the table, for the message of RunbookError."""
    for _attempt in range(ATTEMPTS):
        try:
            return once()
        except CountError:
            continue
        except DatabaseError as error:
            if error.sqlstate not in ELSE_WROTE:
                raise
    raise RunbookError(
        f"The table {what} did not stay as it was read in any of {ATTEMPTS} attempts, each of which was rolled back. Nothing was changed. "
        "Find out who writes it meanwhile (pg_stat_activity), or which trigger or policy of the table prevents the change, and run again."
    )


def write(database: Database, statements: list[Statement], kept: str) -> None:
    """Carries out the statements. Raises RunbookError naming the backup, ``kept``, where it is not known whether they were."""
    try:
        database.run(statements, write=True)
    except DatabaseError as error:
        if not error.unknown:
            raise
        raise RunbookError(f"{error} It is not known whether the change was made. If it was, it is that of {kept}. Run again.") from error


def read_again(read: Callable[[], Done], kept: str) -> Done:
    """What ``read`` returns after a change. Raises RunbookError naming the backup, ``kept``, as the change stands all the same."""
    try:
        return read()
    except RunbookError as error:
        raise RunbookError(f"The change was made ({kept}), and what stands there now could not be read: {error}") from error
