# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What event_dedup does next, from what was observed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..clients.database.statements import quoted
from ..errors import NOTHING_CHANGED, RunbookError
from .checks import require_usable
from .expression import Expression
from .model import Index, Observed, Table
from .options import DedupOptions
from .sql import predicate

# The next step of a run. WAIT: another session builds the index. NONE: the index keeps duplicates out. DROP: before rows are restored.
NONE, CREATE, REBUILD, WAIT, DROP = "none", "create", "rebuild", "wait", "drop"


@dataclass(frozen=True)
class Plan:
    """``step``: one of those above; ``index``: the index's name; ``statement``: the one that creates it."""

    step: str
    index: str
    statement: str


def make_plan(observed: Observed, options: DedupOptions) -> Plan:
    """The next step. Raises RunbookError where the table or the index is not what the options say."""
    require_usable(observed, options)
    statement = create_index(observed.table, options)
    protecting = next((one for one in observed.indexes if one.valid and protects(one, observed.table, options.expression)), None)
    if protecting:
        return Plan(NONE, protecting.name, protecting.definition)
    named = next((one for one in observed.indexes if one.ours), None)
    if named is None:
        return Plan(CREATE, options.index, statement)
    if not protects(named, observed.table, options.expression):
        raise RunbookError(
            f"index: {named.schema}.{named.name} exists with another definition: {named.definition or 'it is not an index'}. {NOTHING_CHANGED} "
            f"Required is: {statement}. Set another name in the option index, or drop it."
        )
    return Plan(WAIT if named.building else REBUILD, named.name, statement)


def create_index(table: Table, options: DedupOptions) -> str:
    """The statement that creates the index."""
    expression = options.expression
    return f"CREATE UNIQUE INDEX CONCURRENTLY {quoted(options.index)} ON {table.sql_name} ({expression.sql()}) WHERE {predicate(expression)}"


def protects(index: Index, table: Table, expression: Expression) -> bool:
    """Whether the index is one that, once valid, admits each id once: by itself or with a predicate that is true for every row with an id."""
    column = table.column(expression.column)
    name = column.printed if column else ""
    return index.on_table and index.unique and index.expression == expression.printed(name) and index.predicate in ("", *expression.predicates(name))


def index_to_drop(observed: Observed, options: DedupOptions) -> Index | None:
    """The index that would refuse restored rows, valid or not."""
    return next((one for one in observed.indexes if one.ours and protects(one, observed.table, options.expression)), None)


def require_own_index(observed: Observed, options: DedupOptions) -> None:
    """Raises RunbookError where an index of another name would refuse restored rows: it is the application's own."""
    other = next((one for one in observed.indexes if not one.ours and protects(one, observed.table, options.expression)), None)
    if other:
        raise RunbookError(
            f"The index {other.schema}.{other.name} admits each id once, so the archived rows can't be restored. {NOTHING_CHANGED} "
            f"If they shall be, name it in the option index, and it is dropped: {other.definition}."
        )
