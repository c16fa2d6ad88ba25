# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans anew where somebody else wrote between reading and writing, a few times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import CountError, DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

ATTEMPTS = 5
# Serialization failure, deadlock, and something made by two at once: the database's words for the same.
ELSE_WROTE = ("40001", "40P01", "23505", "42P07")
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
