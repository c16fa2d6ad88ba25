# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes archived rows back: drops the index that would refuse them, and inserts them in batches. Nothing in the table is overwritten."""

from __future__ import annotations

from ..clients.database.statements import Database, DatabaseError, Statement, require_writable, rows
from ..errors import NOTHING_CHANGED, RunbookError
from .checks import restore_privileges
from .find import pending
from .index import DUPLICATE, drop_index
from .model import Index, Observed
from .observe import observe
from .options import DedupOptions
from .plan import DROP, NONE, Plan, index_to_drop, require_own_index
from .report import DedupResult
from .restore_sql import conflicts, mark_present, write_batch

FOREIGN_KEY = "23503"


def restore(database: Database, options: DedupOptions, check: bool) -> DedupResult:
    """Raises RunbookError. With ``check`` nothing is changed."""
    observed = observe(database, options)
    archive_id = _archive_id(database, observed, options)
    found = pending(database, observed, archive_id)
    plan = Plan(NONE, options.index, "")
    if not found.total:
        return DedupResult(observed, plan, archive_id=archive_id)
    require_own_index(observed, options)
    _require_free(database, observed, archive_id)
    observed.table.require(*restore_privileges(observed))
    require_writable(database)
    index = index_to_drop(observed, options)
    plan = Plan(DROP if index else NONE, options.index, index.definition if index else "")
    result = DedupResult(observed, plan, found, archive_id, restored=found.total)
    if not check:
        _write_back(database, options, observed, archive_id, index)
    return result


def _write_back(database: Database, options: DedupOptions, observed: Observed, archive_id: str, index: Index | None) -> None:
    if index:
        drop_index(database, index, options)
    if observed.table.key:
        database.run([mark_present(observed, archive_id)], write=True)
    while _write_batch(database, observed, write_batch(observed, archive_id, options.batch_size)):
        pass
    left = pending(database, observed, archive_id)
    if left.total:
        raise RunbookError(f"{left.total} rows of archive {archive_id} were not restored, as a trigger or rule of {observed.table.label} prevents it.")


def _write_batch(database: Database, observed: Observed, statement: Statement) -> int:
    """How many rows were written."""
    try:
        return database.run([statement], write=True)[0].count
    except DatabaseError as error:
        if error.sqlstate == DUPLICATE:
            raise RunbookError(
                f"{error} Somebody has written a row with the key of an archived one, which is not overwritten. Run again to see which."
            ) from error
        if error.sqlstate == FOREIGN_KEY:
            raise RunbookError(f"{error} An archived row of {observed.table.label} refers to a row that no longer exists: restore that first.") from error
        raise


def _archive_id(database: Database, observed: Observed, options: DedupOptions) -> str:
    """The requested archive, else the latest. Raises RunbookError where it does not exist."""
    archive = observed.archive
    if not archive.exists:
        raise RunbookError(f"There is no archive, as the table {archive.name} does not exist. Correct the options archive_table and schema.")
    observed.table.require(f"SELECT on {archive.name}")
    sql = (
        f"SELECT archive_id::text FROM {archive.sql_name} WHERE table_name = $1::text AND removed_at IS NOT NULL GROUP BY archive_id "
        "ORDER BY max(removed_at) DESC LIMIT 100"
    )
    existing = [row["archive_id"] for row in rows(database, sql, observed.table.name)]
    if not existing:
        raise RunbookError(f"The table {archive.name} has no archived row of {observed.table.label}, so there is nothing to restore.")
    if options.archive_id not in (None, *existing):
        raise RunbookError(f"archive_id: {archive.name} has no {options.archive_id} of {observed.table.label}. Available, latest first: {', '.join(existing)}.")
    return options.archive_id or existing[0]


def _require_free(database: Database, observed: Observed, archive_id: str) -> None:
    """Raises RunbookError where a row with the key of an archived one exists that differs from it: that one is newer."""
    if not observed.table.key:
        return
    newer = [row["row_name"] for row in rows(database, conflicts(observed), archive_id)]
    if newer:
        raise RunbookError(
            f"Rows with the key of an archived one exist in {observed.table.label} and differ from it: {', '.join(newer)}. {NOTHING_CHANGED} "
            "Restoring never overwrites: delete or rename those first, if the archived ones are the right ones.",
            conflicts=[{"row": name} for name in newer],
        )
