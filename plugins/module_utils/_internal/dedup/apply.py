# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moves duplicates to the archive and creates the index, again where duplicates arrive in between, and verifies that the index is valid."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ..clients.database.statements import CountError, Database, require_writable
from ..errors import NOTHING_CHANGED, RunbookError
from .batches import FIRST_SIZE, list_duplicates, move_batch, next_size
from .checks import privileges
from .find import archived, find, require_removable
from .index import await_build, create_index, drop_index
from .model import Found, Observed
from .observe import observe
from .options import DedupOptions
from .plan import NONE, REBUILD, WAIT, Plan, make_plan
from .report import DedupResult

ROUNDS = 5


@dataclass
class Moved:
    """What was moved to the archive so far. ``listed``: the number of entries; ``longest``: seconds of the longest batch."""

    archive_id: str
    listed: int = 0
    removed: int = 0
    batches: int = 0
    longest: float = 0.0

    def add(self, removed: int, seconds: float) -> None:
        """One more batch."""
        self.removed += removed
        self.batches += 1
        self.longest = max(self.longest, seconds)


def deduplicate(database: Database, options: DedupOptions, check: bool) -> DedupResult:
    """Raises RunbookError. With ``check`` nothing is changed."""
    observed = observe(database, options)
    plan = make_plan(observed, options)
    if plan.step == NONE:
        return DedupResult(observed, plan)
    observed.table.require(*privileges(observed))
    require_writable(database)
    if not check:
        return _converge(database, options, observed, plan)
    found = find(database, observed, options)
    require_removable(found, observed)
    return DedupResult(observed, plan, found)


def _converge(database: Database, options: DedupOptions, observed: Observed, first: Plan) -> DedupResult:
    moved = Moved(secrets.token_hex(8))
    plan = first
    for _round in range(ROUNDS):
        if plan.step == WAIT:
            observed = await_build(database, options)
        else:
            _one_round(database, options, observed, plan, moved)
            observed = observe(database, options)
        plan = make_plan(observed, options)
        if plan.step == NONE:
            found = archived(database, observed, moved.archive_id) if moved.removed else Found()
            return DedupResult(observed, first, found, moved.archive_id if moved.removed else None, moved.batches, moved.longest)
    raise RunbookError(
        f"{observed.table.label} had duplicates when the index {options.index} was created, in each of {ROUNDS} rounds; {moved.removed} rows were archived in "
        f"{observed.archive.name} ({moved.archive_id}). New ones arrive, or a trigger keeps them: deploy the version of the application that skips a known id, "
        "look at the table's triggers, and run again."
    )


def _one_round(database: Database, options: DedupOptions, observed: Observed, plan: Plan, moved: Moved) -> None:
    """Archives the duplicates of this moment, and creates the index."""
    listed = _list(database, options, observed, moved)
    if listed:
        _move(database, options, observed, moved, moved.listed + 1, moved.listed + listed)
        moved.listed += listed
    if plan.step == REBUILD:
        drop_index(database, next(one for one in observed.indexes if one.ours), options)
    create_index(database, plan, options)


def _list(database: Database, options: DedupOptions, observed: Observed, moved: Moved) -> int:
    """How many duplicates were listed in the archive. Raises RunbookError where one must not be removed."""
    statements = list_duplicates(observed, options, moved.archive_id, moved.listed)
    try:
        return database.run(statements, write=True)[-3].count
    except CountError as error:
        if error.index == len(statements) - 1:
            return 0
    require_removable(find(database, observed, options), observed)
    raise RunbookError(f"The rows of {observed.table.label} changed while they were compared. {NOTHING_CHANGED if not moved.removed else ''} Run again.")


def _move(database: Database, options: DedupOptions, observed: Observed, moved: Moved, first: int, end: int) -> None:
    """Moves the entries from ``first`` to ``end``, batch by batch."""
    size = min(FIRST_SIZE, options.batch_size)
    while first <= end:
        results = database.run(move_batch(observed, options, (moved.archive_id, str(first), str(size))), write=True)
        seconds = float(results[-1].rows[0]["seconds"])
        moved.add(results[-2].count, seconds)
        first, size = int(results[-4].rows[0]["last"]) + 1, next_size(size, seconds, options.batch_size)
