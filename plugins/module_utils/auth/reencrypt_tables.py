# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables with data under the secret: what they are called, what the user may do there, and the SQL that reads and replaces.

A table is read in pages along its primary key. A page's values of a column are replaced by one statement that takes them as JSON
and touches only rows that still hold the value that was read; a second one, in the same transaction, sees what really stands there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.auth.other_data import PLACES, Place
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt import KEYS, Verdict
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database, Statement, quoted, require_writable, rows
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

ID = "id"
# The types that Better Auth makes primary keys of, and what SQL casts a text to for each.
ID_TYPES = {"text": "text", "character varying": "text", "uuid": "uuid", "integer": "integer", "bigint": "bigint"}
COLUMNS = (
    "SELECT attname::text AS name, format_type(atttypid, NULL)::text AS type, "
    "has_column_privilege(attrelid, attnum, 'SELECT')::text AS readable, "
    "has_column_privilege(attrelid, attnum, 'UPDATE')::text AS writable "
    "FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped"
)


@dataclass(frozen=True)
class Table:
    """A table that is there. ``names``: what it is called. ``places``: its columns that are there. ``writes``: whether it is in scope."""

    name: str  # Better Auth's own
    names: Names
    id_type: str
    places: tuple[Place, ...]
    writes: bool


@dataclass(frozen=True)
class Row:
    """A row of a page: its id, and the values of the table's places."""

    id: str
    values: tuple[str | None, ...]


def names_of_others(schema: str | None, called: dict[str, str]) -> dict[str, Names]:
    """What the tables beside jwks are called. ``called``: ``table`` or ``table.column`` in Better Auth's words to the application's."""
    tables = {place.table: [ID, *(one.column for one in PLACES if one.table == place.table)] for place in PLACES}
    known = [*tables, *(f"{table}.{column}" for table, columns in tables.items() for column in columns)]
    unknown = sorted(set(called) - set(known))
    if unknown:
        raise RunbookError(f"The option other_names has no {', '.join(unknown)}; it takes {', '.join(known)}.")
    for name in called.values():
        quoted(str(name))  # which refuses what is no name
    return {
        table: Names(str(called.get(table, table)), schema, {
            column: str(called[f"{table}.{column}"]) for column in columns if f"{table}.{column}" in called
        })
        for table, columns in tables.items()
    }  # fmt: skip


def find_tables(database: Database, keys: Names | None, others: dict[str, Names], writes_others: bool) -> tuple[list[Table], list[str]]:
    """The tables that are there, and the names (Better Auth's) of tables and columns that are not. ``keys``: None leaves them out.

    Raises RunbookError where the table of keys is not there, where the user lacks a permission, or where nothing may be written: before anything is written.
    """
    wanted = [(KEYS.table, keys, [KEYS], True)] if keys else []
    wanted += [(name, names, [place for place in PLACES if place.table == name], writes_others) for name, names in others.items()]
    tables, missing, lacking = [], [], []
    for name, names, places, writes in wanted:
        there = {row["name"]: row for row in rows(database, COLUMNS, names.relation)}
        found = tuple(place for place in places if names.column(place.column) in there)
        missing += [f"{name}.{place.column}" for place in places if place not in found] if there else [name]
        if found:
            tables.append(Table(name, names, _id_type(names, there), found, writes))
            lacking += _lacking(tables[-1], there)
    if keys and KEYS.table not in [table.name for table in tables]:
        raise RunbookError(
            f"{database.where} has no table {keys.relation} with a column {keys.sql(KEYS.column)}. "
            "Correct the options table, schema and columns."
        )
    if lacking:
        raise RunbookError(
            f"{database.where}: its user lacks rights: {', '.join(lacking)}. Grant them (GRANT), or use the URL of a user who has them. "
            "Nothing was changed.",
            missing_permissions=lacking,
        )
    if any(table.writes for table in tables):
        require_writable(database)
    return tables, missing


def _id_type(names: Names, there: dict[str, dict]) -> str:
    found = there.get(names.column(ID), {}).get("type")
    if found not in ID_TYPES:
        what = f"of type {found}, and has to be one of {', '.join(ID_TYPES)}" if found else "not there"
        raise RunbookError(f"The primary key {names.sql(ID)} of the table {names.relation} is {what}. Nothing was changed.")
    return ID_TYPES[found]


def _lacking(table: Table, there: dict[str, dict]) -> list[str]:
    """The rights on columns that the user would have to have."""
    names = table.names
    read = [names.column(column) for column in (ID, *(place.column for place in table.places))]
    lacking = [f"SELECT on {names.relation} ({quoted(column)})" for column in read if there[column]["readable"] != "true"]
    if table.writes:
        lacking += [f"UPDATE on {names.relation} ({quoted(column)})" for column in read[1:] if there[column]["writable"] != "true"]
    return lacking


def read_page(database: Database, table: Table, after: str | None, limit: int) -> list[Row]:
    """The next rows with values, along the primary key."""
    return _read(database, table, (after, None), f" LIMIT {int(limit)}")


def read_again(database: Database, table: Table, after: str | None, last: str) -> list[Row]:
    """The rows of a page as they are now."""
    return _read(database, table, (after, last), "")


def _read(database: Database, table: Table, bounds: tuple[str | None, str | None], limit: str) -> list[Row]:
    names = table.names
    key = f"t.{names.sql(ID)}"
    values = [f"t.{names.sql(place.column)}::text" for place in table.places]
    given = [(operator, bound) for operator, bound in zip((">", "<="), bounds, strict=True) if bound is not None]
    conditions = [f"{key} {operator} ${number}::text::{table.id_type}" for number, (operator, _bound) in enumerate(given, start=1)]
    conditions.append(f"coalesce({', '.join(values)}) IS NOT NULL")
    columns = ", ".join(f"{value} AS value_{number}" for number, value in enumerate(values))
    sql = f"SELECT {key}::text AS row_id, {columns} FROM {names.relation} AS t WHERE {' AND '.join(conditions)} ORDER BY {key}{limit}"
    found = rows(database, sql, *(bound for _operator, bound in given))
    return [Row(row["row_id"], tuple(row[f"value_{number}"] for number in range(len(values)))) for row in found]


def replacing(table: Table, place: Place, changes: Iterable[Verdict]) -> list[Statement]:
    """Two statements: one replaces what still holds the value that was read, one counts what really stands there then."""
    names, column = table.names, f"t.{table.names.sql(place.column)}::text"
    given = [{"id": one.id, "old": one.old, "new": one.new} for one in changes]
    listed = f"jsonb_to_recordset($1::text::jsonb) AS n(id {table.id_type}, old text, new text)"
    same = f"t.{names.sql(ID)} = n.id"
    replace = f"UPDATE {names.relation} AS t SET {names.sql(place.column)} = n.new FROM {listed} WHERE {same} AND {column} = n.old"
    see = f"SELECT n.id::text AS row_id FROM {names.relation} AS t JOIN {listed} ON {same} WHERE {column} = n.new"
    return [Statement(sql, (json.dumps(given),), len(given)) for sql in (replace, see)]
