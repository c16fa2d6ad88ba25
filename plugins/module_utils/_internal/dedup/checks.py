# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why duplicates can't be removed from a table or kept out of it. Pure."""

from __future__ import annotations

from ..errors import NOTHING_CHANGED, RunbookError
from .archive import COLUMNS
from .expression import ARROW_JSON
from .model import OWNER, PRIVILEGES, Observed, Table
from .options import DedupOptions

KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}  # what pg_class has beside tables
JSON_TYPES = ("json", "jsonb")
ALTERNATIVE = "Record the ids in a table of their own (event_id text PRIMARY KEY), in the transaction that writes the event."


def privileges(observed: Observed) -> list[str]:
    """What the database's user needs to remove duplicates and to create the index."""
    table, archive = observed.table, observed.archive
    on_archive = [f"{word} on {archive.name}" for word in PRIVILEGES] if archive.exists else []
    return [*(f"{word} on {table.label}" for word in ("SELECT", "UPDATE", "DELETE")), f"CREATE on schema {table.schema}", f"{OWNER} {table.label}", *on_archive]


def restore_privileges(observed: Observed) -> list[str]:
    """What the database's user needs to restore rows and to drop the index."""
    table, archive = observed.table, observed.archive
    return [
        *(f"{word} on {table.label}" for word in ("SELECT", "INSERT")),
        f"{OWNER} {table.label}",
        *(f"{word} on {archive.name}" for word in PRIVILEGES[:3:2]),
    ]


def require_usable(observed: Observed, options: DedupOptions) -> None:
    """Raises RunbookError with the first reason why duplicates can't be removed from the table or kept out."""
    table = observed.table
    problem = next((message for wrong, message in (*_of_relation(table), *_of_columns(table, options), *_of_archive(observed)) if wrong), None)
    if problem:
        raise RunbookError(f"{problem} {NOTHING_CHANGED}")
    if (table.triggers or table.rules) and not options.allow_triggers:
        names = ", ".join((*table.triggers, *table.rules))
        raise RunbookError(
            f"{table.label} has triggers or rules that react to a change: {names}. They may write other data, which the archive does not hold. "
            f"{NOTHING_CHANGED} Disable them for the run (ALTER TABLE … DISABLE TRIGGER), or set allow_triggers: true."
        )


def _of_relation(table: Table) -> list[tuple[bool, str]]:
    return [
        (table.kind in KINDS, f"table: {table.label} is {KINDS.get(table.kind)}, which has no rows of its own. Name the table that it reads."),
        (bool(table.partition_key), f"table: {table.label} is partitioned by {table.partition_key}. A unique index of it must contain the partition key, so "
         f"the same id would be accepted in two partitions. {ALTERNATIVE}"),
        (bool(table.parent), f"table: {table.label} is a partition or child table of {table.parent}. An index of it does not cover the others. {ALTERNATIVE}"),
        (bool(table.children), f"table: {table.label} has child tables ({', '.join(table.children)}), which an index of it does not cover. {ALTERNATIVE}"),
        (table.hides_rows, f"Row security of {table.label} applies to the database user {table.user}, so duplicates may be hidden from it. Use the URL of the "
         "table's owner, or of a user with BYPASSRLS."),
    ]  # fmt: skip


def _of_columns(table: Table, options: DedupOptions) -> list[tuple[bool, str]]:
    expression = options.expression
    column = table.column(expression.column)
    kind = column.type if column else "jsonb"
    named = {"column": (expression.column,), "order_by": options.order_by, "ignored_columns": options.ignored_columns,
             "consumer_column": (options.consumer_column,) if options.consumer_column else ()}  # fmt: skip
    missing = [(option, name) for option, names in named.items() for name in names if table.column(name) is None]
    exists = ", ".join(one.name for one in table.columns)
    return [
        *((True, f"{option}: {table.label} has no column {name}. It has {exists}.") for option, name in missing),
        (kind not in JSON_TYPES, f"column: {expression.column} of {table.label} has the type {kind}, and must be json or jsonb."),
        (kind == "json" and expression.operator == ARROW_JSON, "operator: -> returns json, which PostgreSQL neither compares nor indexes. Use ->>."),
    ]


def _of_archive(observed: Observed) -> list[tuple[bool, str]]:
    archive = observed.archive
    return [
        (archive.exists and bool(set(COLUMNS) - (archive.columns or frozenset())),
         f"archive_table: {archive.name} is not an archive of this module. Set another name."),
        (archive.hidden, f"archive_table: row security hides the rows of {archive.name} from the database user {observed.table.user}. Use the URL of "
         "the table's owner."),
    ]  # fmt: skip
