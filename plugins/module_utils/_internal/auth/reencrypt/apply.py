# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Re-encrypts tables page by page: read, plan, replace in one transaction, and read again until nothing is left to do.

So a page is done only when what was written has been read back and decrypted, a row that another client changed in between is planned
again, and an interrupted run leaves whole transactions, from which the next one continues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...clients.database.statements import CountError, Database, DatabaseError
from ...errors import NOTHING_CHANGED, RunbookError
from ..encrypted_columns import EncryptedColumn
from ..retry import ATTEMPTS, CONFLICTS
from .plan import (
    ALREADY_CURRENT,
    PRIVATE_KEYS,
    REENCRYPTED,
    SKIPPED,
    STATES,
    ReencryptJob,
    ValuePlan,
    plan_values,
)
from .tables import EncryptedTable, TableRow, read_page, replace_statements, reread_page

PagePlan = dict[EncryptedColumn, list[ValuePlan]]


@dataclass
class ReencryptResult:
    """How many values are in which state, by column, and the ids of re-encrypted keys."""

    counts: dict[EncryptedColumn, Counter] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    written: int = 0  # values, also those of a page that was not finished

    @property
    def remaining(self) -> int:
        """Values that a known secret decrypts and that are not encrypted with the target."""
        return sum(counter[SKIPPED] for counter in self.counts.values())

    def tables(self) -> list[dict]:
        """The counts for a module's result."""
        return [
            {"table": column.table, "column": column.column, **{state: counter[state] for state in STATES}}
            for column, counter in self.counts.items()
        ]

    def add(self, plan: PagePlan, written: set[tuple[EncryptedColumn, str]]) -> None:
        """Counts a page that is done, or that check mode leaves unchanged."""
        for column, values in plan.items():
            for one in values:
                state = REENCRYPTED if one.state == ALREADY_CURRENT and (column, one.id) in written else one.state
                self.counts[column][state] += 1
                if state == REENCRYPTED and column == PRIVATE_KEYS:
                    self.keys.append(one.id)


@dataclass(frozen=True)
class Reencryption:
    """One run over a database. ``batch_size``: rows of a page, which is written in one transaction. ``check``: writes nothing."""

    database: Database
    job: ReencryptJob
    batch_size: int
    check: bool

    def run(self, tables: Iterable[EncryptedTable]) -> ReencryptResult:
        """Re-encrypts all tables. Raises RunbookError, which says how much was written before."""
        result = ReencryptResult()
        for table in tables:
            result.counts.update((column, Counter()) for column in table.columns)
            try:
                self._run_table(table, result)
            except RunbookError as error:
                unknown = isinstance(error, DatabaseError) and error.unknown
                message = f"{table.names.sql_name}: {error} {progress(result, unknown)}"
                raise RunbookError(message, **error.facts, changed=unknown or result.written > 0) from error
        return result

    def _run_table(self, table: EncryptedTable, result: ReencryptResult) -> None:
        after = None
        while page := read_page(self.database, table, after, self.batch_size):
            self._run_page(table, page, after, result)
            after = page[-1].id

    def _run_page(self, table: EncryptedTable, page: list[TableRow], after: str | None, result: ReencryptResult) -> None:
        last = page[-1].id
        written: set[tuple[EncryptedColumn, str]] = set()
        for _number in range(ATTEMPTS + 1):  # one more, to verify what the last attempt wrote
            plan = self._plan(table, page)
            _require_decryptable(plan, written)
            changes = {column: [one for one in values if one.state == REENCRYPTED] for column, values in plan.items()}
            if self.check or not any(changes.values()):
                result.add(plan, written)
                return
            if self._write(table, changes):
                sent = {(column, one.id) for column, values in changes.items() for one in values}
                result.written += len(sent)
                written |= sent
            page = reread_page(self.database, table, after, last)
        raise RunbookError(
            f"The rows up to {last} changed between reading and writing in each of {ATTEMPTS} attempts. Find out who writes them "
            "(pg_stat_activity), or which trigger or policy prevents the change."
        )

    def _plan(self, table: EncryptedTable, page: list[TableRow]) -> PagePlan:
        return {
            column: plan_values(column, [(row.id, row.values[number]) for row in page], self.job, table.writes)
            for number, column in enumerate(table.columns)
        }

    def _write(self, table: EncryptedTable, changes: PagePlan) -> bool:
        """Replaces a page's values, all or none. False where another client wrote in between."""
        statements = [one for column, values in changes.items() if values for one in replace_statements(table, column, values)]
        try:
            self.database.run(statements, write=True)
        except CountError as error:
            if error.index % 2:  # the statement that reads back
                raise RunbookError("A trigger or rule changes what is written, so it was rolled back.") from error
            return False
        except DatabaseError as error:
            if error.sqlstate not in CONFLICTS:
                raise
            return False
        return True


def _require_decryptable(plan: PagePlan, written: set[tuple[EncryptedColumn, str]]) -> None:
    """Raises RunbookError where a value that was written can't be decrypted any more."""
    for column, values in plan.items():
        lost = [one.id for one in values if (column, one.id) in written and one.state not in (ALREADY_CURRENT, REENCRYPTED)]
        if lost:
            raise RunbookError(
                f"{column.column} of row {lost[0]} was written and can't be decrypted since. Find out who writes it meanwhile, and with which secret."
            )


def progress(result: ReencryptResult, unknown: bool = False) -> str:
    """What was written before a failure. ``unknown``: whether the last transaction may have been committed."""
    before = f"{result.written} values were re-encrypted before the failure and remain so; run again to continue."
    if unknown:
        return f"The connection was lost before the commit was confirmed: either all or none of the last values were written. {before}"
    return before if result.written else NOTHING_CHANGED
