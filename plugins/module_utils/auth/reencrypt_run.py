# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings tables under the target, page by page: read, plan, replace in one transaction, and read again until nothing is left to do.

So a page is done only when what was written has been read back and decrypted, a row that somebody else changed meanwhile is planned
anew, and a run that is cut off anywhere leaves whole transactions, from which the next one goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.auth.attempts import ATTEMPTS, CONFLICTS
from ansible_collections.runbook.minikube.plugins.module_utils.auth.other_data import Place
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt import (
    ALREADY,
    KEYS,
    LEFT,
    REENCRYPTED,
    STATES,
    Verdict,
    Work,
    planned,
)
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_tables import Row, Table, read_again, read_page, replacing
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import CountError, Database, DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

Plan = dict[Place, list[Verdict]]


@dataclass
class Outcome:
    """How many values are in which state, by place, and the ids of keys that are brought under the target."""

    counts: dict[Place, Counter] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    sent: int = 0  # values written, also those of a page that was not finished

    @property
    def left_under_old(self) -> int:
        """Values that a known secret reads and that are not under the target."""
        return sum(counter[LEFT] for counter in self.counts.values())

    def tables(self) -> list[dict]:
        """The counts for a module's result."""
        return [
            {"table": place.table, "column": place.column, **{state: counter[state] for state in STATES}}
            for place, counter in self.counts.items()
        ]

    def take(self, plan: Plan, written: set[tuple[Place, str]]) -> None:
        """Counts a page that is done, or that check mode leaves as it is."""
        for place, verdicts in plan.items():
            for one in verdicts:
                state = REENCRYPTED if one.state == ALREADY and (place, one.id) in written else one.state
                self.counts[place][state] += 1
                if state == REENCRYPTED and place == KEYS:
                    self.keys.append(one.id)


@dataclass(frozen=True)
class Run:
    """One run over a database. ``batch``: rows of a page, which is written in one transaction. ``check``: writes nothing."""

    database: Database
    work: Work
    batch: int
    check: bool

    def over(self, tables: Iterable[Table]) -> Outcome:
        """Does all tables. Raises RunbookError, which says how much was written before."""
        outcome = Outcome()
        for table in tables:
            outcome.counts.update((place, Counter()) for place in table.places)
            try:
                self._table(table, outcome)
            except RunbookError as error:
                unknown = isinstance(error, DatabaseError) and error.unknown
                message = f"{table.names.relation}: {error} {_so_far(outcome, unknown)}"
                raise RunbookError(message, **error.facts, changed=unknown or outcome.sent > 0) from error
        return outcome

    def _table(self, table: Table, outcome: Outcome) -> None:
        after = None
        while page := read_page(self.database, table, after, self.batch):
            self._page(table, page, after, outcome)
            after = page[-1].id

    def _page(self, table: Table, page: list[Row], after: str | None, outcome: Outcome) -> None:
        last = page[-1].id
        written: set[tuple[Place, str]] = set()
        for _round in range(ATTEMPTS + 1):  # what the last attempt wrote is looked at too
            plan = self._plan(table, page)
            _require_kept(plan, written)
            changes = {place: [one for one in verdicts if one.state == REENCRYPTED] for place, verdicts in plan.items()}
            if self.check or not any(changes.values()):
                outcome.take(plan, written)
                return
            if self._write(table, changes):
                sent = {(place, one.id) for place, verdicts in changes.items() for one in verdicts}
                outcome.sent += len(sent)
                written |= sent
            page = read_again(self.database, table, after, last)
        raise RunbookError(
            f"The rows up to {last} did not stay as they were read in any of {ATTEMPTS} attempts. Find out who writes them "
            "(pg_stat_activity), or which trigger or policy prevents the change."
        )

    def _plan(self, table: Table, page: list[Row]) -> Plan:
        return {
            place: planned(place, [(row.id, row.values[number]) for row in page], self.work, table.writes)
            for number, place in enumerate(table.places)
        }

    def _write(self, table: Table, changes: Plan) -> bool:
        """Replaces a page's values, all or none. Whether it was done; not where somebody else wrote meanwhile."""
        statements = [one for place, verdicts in changes.items() if verdicts for one in replacing(table, place, verdicts)]
        try:
            self.database.run(statements, write=True)
        except CountError as error:
            if error.index % 2:  # the one that looks at what stands there then
                raise RunbookError("A trigger or rule changes what is written, so it was taken back.") from error
            return False
        except DatabaseError as error:
            if error.sqlstate not in CONFLICTS:
                raise
            return False
        return True


def _require_kept(plan: Plan, written: set[tuple[Place, str]]) -> None:
    """Raises RunbookError where something that was written can't be read any more."""
    for place, verdicts in plan.items():
        lost = [one.id for one in verdicts if (place, one.id) in written and one.state not in (ALREADY, REENCRYPTED)]
        if lost:
            raise RunbookError(
                f"{place.column} of row {lost[0]} was written and can't be read since. Find out who writes it meanwhile, with which secret."
            )


def _so_far(outcome: Outcome, unknown: bool) -> str:
    before = f"{outcome.sent} values were brought under the target before that, and stay so; run again to go on."
    if unknown:
        return f"The answer was lost, so it is not known whether the last values were written, all of them or none. {before}"
    return before if outcome.sent else "Nothing was changed."
