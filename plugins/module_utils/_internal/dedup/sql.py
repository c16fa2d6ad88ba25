# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The query that finds duplicates: rows with an id that an older row has. Pure.

Only the id, the order and the row's place are sorted; whole rows are read for duplicates alone.
"""

from __future__ import annotations

from ..clients.database.statements import Statement, quoted
from .expression import Expression, array_text, literal
from .kinds import event_kind
from .model import Reference, Table
from .options import DedupOptions

TIMES = ("timestamp without time zone", "timestamp with time zone", "date")
MAX_NAME = 100  # characters of a value in a row's name
DIFFERENT, REFERENCED, JSON_NULL = "different content", "referenced by", "JSON null"
# What the query returns for each duplicate, in this order.
COLUMNS = ("event_id", "place", "version", "kept_place", "kept_version", "row_name", "kept_name", "bytes", "gap", "kind", "problem")

# The query sorts ids, and then reads few rows by their places. Before it runs, the planner assumes that a third of the table are duplicates: it
# would read the table twice more to join them, and compile for seconds what runs for less.
PLANNER = Statement(
    "SELECT set_config(name, CASE name WHEN 'work_mem' THEN greatest(setting::bigint, 65536)::text ELSE 'off' END, true) FROM pg_settings "
    "WHERE name IN ('enable_hashjoin', 'enable_mergejoin', 'jit', 'work_mem')"
)


def duplicates(table: Table, options: DedupOptions) -> str:
    """Selects COLUMNS of every duplicate d and of the row k that stays."""
    expression, name = options.expression, table.sql_name
    gap = _gap(table, options.order_by)
    selected = (
        "r.key::text AS event_id", "r.place", "d.xmin::text AS version", "r.kept AS kept_place", "k.xmin::text AS kept_version",
        f"{row_name(table, 'd')} AS row_name", f"{row_name(table, 'k')} AS kept_name", f"coalesce(pg_column_size(d.{quoted(expression.column)}), 0) AS bytes",
        f"{gap} AS gap", f"{event_kind(gap, _consumers_differ(options))} AS kind", f"{_problem(table, options)} AS problem",
    )  # fmt: skip
    return (
        f"SELECT {', '.join(selected)} FROM (SELECT t.ctid AS place, {expression.sql('t')} AS key, row_number() OVER w AS position, "
        f"first_value(t.ctid) OVER w AS kept FROM {name} AS t WHERE {predicate(expression, 't')} "
        f"WINDOW w AS (PARTITION BY {expression.sql('t')} ORDER BY {_order(table, options)})) AS r "
        f"JOIN {name} AS d ON d.ctid = r.place JOIN {name} AS k ON k.ctid = r.kept WHERE r.position > 1"
    )


def predicate(expression: Expression, alias: str = "") -> str:
    """That a row has an id."""
    return f"{expression.sql(alias)} IS NOT NULL"


def row_name(table: Table, alias: str) -> str:
    """SQL for what names a row to a person: its primary key, else its place."""
    if not table.key:
        return f"'ctid=' || {alias}.ctid::text"
    parts = [f"{literal(f'{column}=')} || left({alias}.{quoted(column)}::text, {MAX_NAME})" for column in table.key]
    return " || ', ' || ".join(parts)


def unreferenced(references: tuple[Reference, ...], alias: str) -> str:
    """That no row of another table refers to the row, "" without foreign keys."""
    return "".join(f" AND NOT {_refers(one, alias)}" for one in references)


def _refers(reference: Reference, alias: str) -> str:
    matches = " AND ".join(f"f.{quoted(there)} = {alias}.{quoted(here)}" for there, here in reference.columns)
    return f"EXISTS (SELECT 1 FROM {reference.table} AS f WHERE {matches})"


def _order(table: Table, options: DedupOptions) -> str:
    named = (*options.order_by, *(one for one in table.key if one not in options.order_by))
    return ", ".join([*(f"t.{quoted(name)} NULLS LAST" for name in named), "t.ctid"])


def _gap(table: Table, order_by: tuple[str, ...]) -> str:
    """SQL for the seconds between the two rows, NULL where the first column of the order is no time."""
    column = table.column(order_by[0])
    if column is None or column.type not in TIMES:
        return "NULL::float8"
    name = quoted(order_by[0])
    return f"extract(epoch FROM d.{name}::timestamptz - k.{name}::timestamptz)::float8"


def _consumers_differ(options: DedupOptions) -> str:
    if not options.consumer_column:
        return ""
    name = quoted(options.consumer_column)
    return f"d.{name} IS DISTINCT FROM k.{name}"


def _problem(table: Table, options: DedupOptions) -> str:
    """SQL for why a duplicate must not be removed, '' where it may be."""
    referenced = "".join(f" WHEN {_refers(one, 'd')} THEN '{REFERENCED} ' || {literal(one.constraint)}" for one in table.references)
    null = f"WHEN r.key::text = 'null' THEN '{JSON_NULL}' " if options.expression.has_json_null else ""
    different = f"{_content(table, options, 'd')} IS DISTINCT FROM {_content(table, options, 'k')}"
    return f"(CASE {null}WHEN {different} THEN '{DIFFERENT}'{referenced} ELSE '' END)"


def _content(table: Table, options: DedupOptions, alias: str) -> str:
    """SQL for what must be equal in both rows: all but what tells rows apart, their order, and what the options exclude.

    Without the ".*" the alias would mean a column of that name, where the table has one.
    """
    consumer = [options.consumer_column] if options.consumer_column else []
    excluded = dict.fromkeys((*table.key, *options.order_by, *consumer, *options.ignored_columns))
    if not options.ignored_keys:
        return f"(to_jsonb({alias}.*) - {_array(tuple(excluded))})"
    column = options.expression.column
    rest = f"to_jsonb({alias}.*) - {_array((*excluded, column))}"
    return f"jsonb_build_array({rest}, {alias}.{quoted(column)}::jsonb - {_array(options.ignored_keys)})"


def _array(names: tuple[str, ...]) -> str:
    return f"{literal(array_text(names))}::text[]"
