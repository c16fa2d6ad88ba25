# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates and drops the unique index without blocking writers, and waits for one that another session builds."""

from __future__ import annotations

import time

from ..clients.database.statements import Database, DatabaseError
from ..errors import RunbookError
from ..write_guard import WRITES
from .model import Index, Observed
from .observe import observe
from .options import DedupOptions
from .plan import Plan

DUPLICATE, EXISTS, TOO_LONG = "23505", "42P07", "54000"  # SQLSTATE
POLL_INTERVAL = 1.0  # seconds


def create_index(database: Database, plan: Plan, options: DedupOptions) -> bool:
    """Whether the index was created: not where duplicates arrived meanwhile, or another session creates it. Raises RunbookError."""
    try:
        database.run_outside_transaction(plan.statement, options.index_timeout)
        return True
    except DatabaseError as error:
        if error.sqlstate in (DUPLICATE, EXISTS):
            return False
        if error.sqlstate == TOO_LONG:
            raise RunbookError(f"{error} An id is longer than an entry of an index may be (about 2700 bytes). Correct such ids, and run again.") from error
        if error.unknown:
            raise RunbookError(
                f"{error} The server may still build the index {plan.index}, which waits for transactions that are older (pg_stat_activity, xact_start). "
                "Run again: the next run waits for it, and rebuilds it if it was left invalid."
            ) from error
        raise


def drop_index(database: Database, index: Index, options: DedupOptions) -> None:
    """Drops an index without blocking writers."""
    database.run_outside_transaction(f"DROP INDEX CONCURRENTLY IF EXISTS {index.sql_name}", options.index_timeout)


def await_build(database: Database, options: DedupOptions) -> Observed:
    """What is observed once no session builds the index. Raises RunbookError after the time-out."""
    until = time.monotonic() + options.index_timeout
    while True:
        observed = observe(database, options)
        if not any(one.building for one in observed.indexes if one.ours):
            return observed
        if time.monotonic() > until:
            raise RunbookError(
                f"Another session has not finished the index {options.index} within {options.index_timeout} s (index_timeout). "
                "It waits for transactions that are older than itself (pg_stat_activity, xact_start). Run again when they have ended."
            )
        WRITES.while_reading()
        time.sleep(POLL_INTERVAL)
