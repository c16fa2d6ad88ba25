# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a query finds in a table, a range of the table's blocks at a time, so that no table is read into memory.

A range works for every table, whatever its key. It starts large, so that most tables are read in one statement; a row that is written
while a larger one is read may be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .statements import Database, DatabaseError, rows

# The condition on the table ``t``, and the limit at the end of a query; its own parameters begin with $4.
RANGE = "t.ctid >= $1::text::tid AND t.ctid < $2::text::tid"
LIMIT = "LIMIT $3::text::bigint"
FIRST, LARGEST = 8192, 262_144  # blocks, mostly of 8 KiB
SHRINK = 8
MOST_ROWS = 1000  # in one answer
END = 4_294_967_295  # higher than any block
STATEMENT_TIMEOUT = "57014"


def read_blocks(database: Database, sql: str, *parameters: str, blocks: int, due: Callable[[], None] = lambda: None) -> Iterator[list[dict]]:
    """The rows of a query with RANGE and LIMIT, page by page. ``blocks``: the table's size.

    ``due`` is called before each statement and may raise. A range in which too much is found, or that takes longer than
    statement_timeout, is read in smaller ones. Raises DatabaseError where a single block takes longer.
    """
    start, size = 0, FIRST
    while start == 0 or start < blocks:
        due()
        page = _read(database, sql, parameters, (start, start + size if start + size < blocks else END), size)
        if page is None:
            size //= SHRINK
            continue
        yield page
        start, size = start + size, min(size * 2, LARGEST)


def _read(database: Database, sql: str, parameters: tuple[str, ...], bounds: tuple[int, int], size: int) -> list[dict] | None:
    """The rows of a range, None where it has to be a smaller one."""
    smallest = size < SHRINK
    limit = None if smallest else str(MOST_ROWS + 1)
    try:
        page = rows(database, sql, *(f"({block},0)" for block in bounds), limit, *parameters)
    except DatabaseError as error:
        if error.sqlstate != STATEMENT_TIMEOUT or smallest:
            raise
        return None
    return None if limit and len(page) > MOST_ROWS else page
