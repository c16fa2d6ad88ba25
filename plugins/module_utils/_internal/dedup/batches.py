# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The statements that list duplicates in the archive and move them there in batches. Pure.

A listed row is identified by its place (ctid), its version (xmin) and its id. A batch locks its rows without waiting for anybody, and then removes
those that are still as listed, if the row that stays is too. So a row that somebody changes or uses meanwhile is left to the next round.
"""

from __future__ import annotations

from ..clients.database.statements import Statement
from .archive import create, lock, remove_unused
from .model import Observed
from .options import DedupOptions
from .sql import COLUMNS, PLANNER, duplicates, unreferenced

FIRST_SIZE = 500  # rows; later batches are as large as their time allows
SLOW, FAST = 0.5, 0.2  # seconds
# How long this transaction has lasted so far.
DURATION = Statement("SELECT extract(epoch FROM clock_timestamp() - now())::text AS seconds")
MAX_BYTES = 16_000_000  # of documents in a batch, as they are stored
# The entry after the last possible one of a batch, as the entries of a round have no gaps.
END = "$2::text::bigint + $3::text::bigint"
# A row that this transaction has locked.
LOCKED = "d.xmax::text = (txid_current() % 4294967296)::text"


def list_duplicates(observed: Observed, options: DedupOptions, archive_id: str, offset: int) -> list[Statement]:
    """One transaction; its last two statements fail where a duplicate has a problem, and where there is no duplicate.

    ``offset``: the number of entries that the archive has under this id.
    """
    archive, table = observed.archive, observed.table
    columns = ", ".join(COLUMNS)
    insert = (
        f"INSERT INTO {archive.sql_name} (archive_id, table_name, entry, {columns}) "
        f"SELECT $1::text, $2::text, $3::text::bigint + row_number() OVER (ORDER BY f.place), {', '.join(f'f.{name}' for name in COLUMNS)} "
        f"FROM ({duplicates(table, options)}) AS f"
    )
    listed = f"SELECT 1 AS found FROM {archive.sql_name} WHERE archive_id = $1::text AND removed_at IS NULL"
    return [
        PLANNER, lock(table), *create(archive), remove_unused(archive, table), Statement(insert, (archive_id, table.name, str(offset))),
        Statement(f"{listed} AND problem <> '' LIMIT 1", (archive_id,), count=0), Statement(f"{listed} LIMIT 1", (archive_id,), count=1),
    ]  # fmt: skip


def batch_of(archive: str, condition: str) -> str:
    """SQL for the entries of a batch, from the entry $2 on: at most $3 rows, and not too many bytes, but at least one."""
    first = (
        f"SELECT a.entry, a.bytes FROM {archive} AS a WHERE a.archive_id = $1::text AND a.entry >= $2::text::bigint AND {condition} "
        "ORDER BY a.entry LIMIT $3::text::bigint"
    )
    return (
        "SELECT s.entry FROM (SELECT f.entry, sum(f.bytes) OVER (ORDER BY f.entry) AS total, row_number() OVER (ORDER BY f.entry) AS number "
        f"FROM ({first}) AS f) AS s WHERE s.total <= {MAX_BYTES} OR s.number = 1"
    )


def move_batch(observed: Observed, options: DedupOptions, parameters: tuple[str, str, str]) -> list[Statement]:
    """One transaction: the fourth statement from its end returns the last entry of the batch, the second one's count is that of the removed rows.

    ``parameters``: archive id, first entry, number of rows.
    """
    table, archive = observed.table.sql_name, observed.archive.sql_name
    entries = batch_of(archive, f"a.entry < {END} AND a.removed_at IS NULL")
    batch = f"SELECT a.* FROM {archive} AS a WHERE a.archive_id = $1::text AND a.entry = ANY (ARRAY({entries}))"
    lock_rows = (
        f"SELECT count(*)::text AS locked FROM (SELECT 1 FROM {table} AS d WHERE d.ctid = ANY (ARRAY(SELECT b.place FROM ({batch}) AS b)) "
        "FOR UPDATE SKIP LOCKED) AS l"
    )
    id_of = {alias: f"({options.expression.sql(alias)})::text" for alias in ("d", "k")}
    move = (
        f"WITH batch AS MATERIALIZED ({batch}), "
        f"kept AS MATERIALIZED (SELECT b.entry, b.place, b.version, b.event_id FROM batch AS b JOIN {table} AS k ON k.ctid = b.kept_place "
        f"WHERE k.xmin::text = b.kept_version AND {id_of['k']} = b.event_id FOR KEY SHARE OF k SKIP LOCKED), "
        f"gone AS (DELETE FROM {table} AS d USING kept AS b WHERE d.ctid = b.place AND d.xmin::text = b.version "
        f"AND {LOCKED} AND {id_of['d']} = b.event_id{unreferenced(observed.table.references, 'd')} RETURNING b.entry, row_to_json(d.*) AS content) "
        f"UPDATE {archive} AS a SET content = gone.content, removed_at = clock_timestamp() FROM gone WHERE a.archive_id = $1::text AND a.entry = gone.entry"
    )
    last = f"SELECT coalesce(max(e.entry), {END} - 1)::text AS last FROM ({entries}) AS e"
    return [PLANNER, *(Statement(sql, parameters) for sql in (last, lock_rows, move)), DURATION]


def next_size(size: int, seconds: float, largest: int) -> int:
    """How many rows the next batch has, as the last one took that long."""
    if seconds > SLOW:
        return max(1, size // 4)
    return min(size * 2, largest) if seconds < FAST else min(size, largest)
