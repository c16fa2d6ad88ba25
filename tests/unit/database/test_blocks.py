# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which ranges a table is read."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.blocks import END, FIRST, LARGEST, MOST_ROWS, read_blocks
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import DatabaseError, Result


class Blocks:
    """A table with values in some of its blocks. ``slow``: how many blocks a statement can read in time."""

    where = "The database"

    def __init__(self, values, slow=END):
        self.values, self.slow = values, slow
        self.ranges = []

    def run(self, statements, write):
        assert not write
        start, end, limit, *_more = statements[0].parameters
        start, end = (int(one[1:-1].split(",")[0]) for one in (start, end))
        self.ranges.append((start, end))
        if min(end, 50) - start > self.slow:
            raise DatabaseError("canceling statement due to statement timeout", "57014")
        found = [{"value": block} for block in sorted(self.values) if start <= block < end for _number in range(self.values[block])]
        return [Result(0, found[: int(limit)] if limit else found)]


def values_of(database, blocks):
    pages = list(read_blocks(database, "SELECT", "pattern", blocks=blocks))
    return [row["value"] for page in pages for row in page], pages


def test_a_small_table_is_read_in_one_statement():
    database = Blocks({0: 2, 7: 1})
    assert values_of(database, 8)[0] == [0, 0, 7]
    assert database.ranges == [(0, END)]
    empty = Blocks({0: 1})  # it has grown since its size was read
    assert values_of(empty, 0)[0] == [0]


def test_a_large_one_in_ranges_that_grow():
    database = Blocks({1: 1, FIRST: 1, 5 * LARGEST: 1})
    assert values_of(database, 5 * LARGEST)[0] == [1, FIRST, 5 * LARGEST]
    assert database.ranges[:3] == [(0, FIRST), (FIRST, 3 * FIRST), (3 * FIRST, 7 * FIRST)]
    assert max(end - start for start, end in database.ranges[:-1]) == LARGEST and database.ranges[-1][1] == END
    assert all(before[1] == after[0] for before, after in zip(database.ranges, database.ranges[1:], strict=False))


def test_too_many_rows_are_read_in_smaller_ranges():
    database = Blocks(dict.fromkeys(range(100), 50))
    found, pages = values_of(database, 100)
    assert len(found) == 5000 and max(map(len, pages)) <= MOST_ROWS
    one = Blocks({3: 3 * MOST_ROWS})
    assert len(values_of(one, 10)[0]) == 3 * MOST_ROWS, "a single block is read whole"


def test_a_range_that_takes_too_long_is_read_in_smaller_ones():
    database = Blocks({40: 1}, slow=20)
    assert values_of(database, 50)[0] == [40]
    with pytest.raises(DatabaseError, match="statement timeout"):
        values_of(Blocks({}, slow=0), 50)
