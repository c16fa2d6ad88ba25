# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The statements that write archived rows back. Pure."""

from __future__ import annotations

from ..clients.database.statements import Statement, quoted
from .batches import batch_of
from .model import Observed

LISTED = 20  # rows
PENDING = "a.archive_id = $1::text AND a.removed_at IS NOT NULL AND a.restored_at IS NULL"


def conflicts(observed: Observed) -> str:
    """The query for rows that have the key of an archived one and differ from it."""
    return f"SELECT a.row_name FROM {_source(observed)} {_joined(observed)} WHERE {PENDING} AND NOT {_equal(observed)} ORDER BY a.entry LIMIT {LISTED}"


def mark_present(observed: Observed, archive_id: str) -> Statement:
    """Marks entries whose row is in the table already, as it was archived."""
    archive = observed.archive.sql_name
    same = f"SELECT a.entry FROM {_source(observed)} {_joined(observed)} WHERE {PENDING} AND {_equal(observed)}"
    return Statement(
        f"UPDATE {archive} AS u SET restored_at = clock_timestamp() FROM ({same}) AS s WHERE u.archive_id = $1::text AND u.entry = s.entry", (archive_id,)
    )


def write_batch(observed: Observed, archive_id: str, size: int) -> Statement:
    """Inserts the next rows, and marks their entries, unless a trigger keeps one from being inserted."""
    columns = [one.name for one in observed.table.columns if not one.generated]
    inserted, selected = ", ".join(map(quoted, columns)), ", ".join(f"was.{quoted(name)}" for name in columns)
    archive = observed.archive.sql_name
    back = (
        f"INSERT INTO {observed.table.sql_name} ({inserted}) OVERRIDING SYSTEM VALUE SELECT {selected} FROM {_source(observed)} "
        "WHERE a.archive_id = $1::text AND a.entry IN (SELECT b.entry FROM batch AS b) RETURNING 1 AS one"
    )
    sql = (
        f"WITH batch AS MATERIALIZED ({batch_of(archive, 'a.removed_at IS NOT NULL AND a.restored_at IS NULL')}), back AS ({back}) "
        f"UPDATE {archive} AS a SET restored_at = clock_timestamp() FROM batch AS b WHERE a.archive_id = $1::text AND a.entry = b.entry "
        "AND (SELECT count(*) FROM back) = (SELECT count(*) FROM batch)"
    )
    return Statement(sql, (archive_id, "0", str(size)))


def _source(observed: Observed) -> str:
    return f"{observed.archive.sql_name} AS a CROSS JOIN LATERAL json_populate_record(NULL::{observed.table.sql_name}, a.content) AS was"


def _joined(observed: Observed) -> str:
    return f"JOIN {observed.table.sql_name} AS t ON " + " AND ".join(f"t.{quoted(name)} = was.{quoted(name)}" for name in observed.table.key)


def _equal(observed: Observed) -> str:
    return "row_to_json(t.*)::text = row_to_json(was.*)::text"
