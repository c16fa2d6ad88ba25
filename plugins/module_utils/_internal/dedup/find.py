# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads which duplicates there are, or which were archived: a count of each kind, and the first rows by name."""

from __future__ import annotations

from ..clients.database.statements import Database, Statement, rows
from ..errors import NOTHING_CHANGED, RunbookError
from .model import Duplicate, Found, Observed
from .options import DedupOptions
from .sql import MAX_NAME, PLANNER, duplicates

LISTED = 100  # rows
NAMED = 5  # rows in a message
SUMMARY = (
    "SELECT 'count' AS what, kind::text AS kind, (problem <> '')::text AS problem, count(*)::text AS event_id, NULL::text AS row_name, "
    "NULL::text AS kept_name, NULL::text AS gap FROM found GROUP BY 2, 3 UNION ALL "
    f"(SELECT 'row', kind::text, problem, left(event_id, {MAX_NAME}), row_name, kept_name, gap::text FROM found "
    f"ORDER BY (problem <> '') DESC, event_id, row_name LIMIT {LISTED})"
)
NEXT_STEP = (
    "The same id with different content is no duplicate: if the rows may differ in some columns or keys, name them in ignored_columns or ignored_keys; "
    "else give the events ids of their own. Let what refers to a row refer to the one that stays. The id of JSON null is read as none with operator: ->>."
)


def find(database: Database, observed: Observed, options: DedupOptions) -> Found:
    """The duplicates in the table."""
    query = Statement(f"WITH found AS MATERIALIZED ({duplicates(observed.table, options)}) {SUMMARY}")
    return _found(database.run([PLANNER, query], write=False)[-1].rows)


def archived(database: Database, observed: Observed, archive_id: str, condition: str = "") -> Found:
    """The rows that were removed under that id. ``condition``: a further one, as SQL."""
    source = f"SELECT * FROM {observed.archive.sql_name} WHERE archive_id = $1::text AND removed_at IS NOT NULL{condition}"
    return _found(rows(database, f"WITH found AS ({source}) {SUMMARY}", archive_id))


def pending(database: Database, observed: Observed, archive_id: str) -> Found:
    """Those of them that were not restored."""
    return archived(database, observed, archive_id, " AND restored_at IS NULL")


def require_removable(found: Found, observed: Observed) -> None:
    """Raises RunbookError naming the rows that share an id but must not be removed."""
    if not found.problems:
        return
    conflicts = [one for one in found.first if one.problem]
    named = "; ".join(f"{one.row} ({one.problem}, event id {one.event_id}, older row {one.kept})" for one in conflicts[:NAMED])
    more = f" and {found.problems - NAMED} more" if found.problems > NAMED else ""
    raise RunbookError(
        f"{found.problems} rows of {observed.table.label} have the id of an older row and can't be removed: {named}{more}. {NOTHING_CHANGED} {NEXT_STEP}",
        conflicts=[conflict.__dict__ for conflict in conflicts],
    )


def _found(records: list[dict]) -> Found:
    kinds: dict[str, int] = {}
    counts = [one for one in records if one["what"] == "count"]
    for one in counts:
        kinds[one["kind"]] = kinds.get(one["kind"], 0) + int(one["event_id"])
    problems = sum(int(one["event_id"]) for one in counts if one["problem"] == "true")
    return Found(kinds, problems, tuple(_duplicate(one) for one in records if one["what"] == "row"))


def _duplicate(record: dict) -> Duplicate:
    gap = None if record["gap"] is None else round(float(record["gap"]), 3)
    return Duplicate(record["event_id"], record["row_name"], record["kept_name"], record["kind"], gap, record["problem"])
