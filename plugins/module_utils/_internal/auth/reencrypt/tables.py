# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables with encrypted data: their names, the user's privileges, and the SQL that reads and replaces values.

A table is read in pages along its primary key. A page's values of a column are replaced by one statement that takes them as JSON
and changes only rows that still have the value that was read; a second one, in the same transaction, reads back what was stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ...clients.database.statements import Database, Statement, quoted, require_writable, rows
from ...errors import NOTHING_CHANGED, RunbookError
from ..encrypted_columns import ENCRYPTED_COLUMNS, EncryptedColumn
from ..jwks_table import TableNames
from .plan import PRIVATE_KEYS, ValuePlan

ID = "id"
# The types that Better Auth creates primary keys of, and the cast of a text to each.
ID_TYPES = {"text": "text", "character varying": "text", "uuid": "uuid", "integer": "integer", "bigint": "bigint"}
COLUMNS = (
    "SELECT attname::text AS name, format_type(atttypid, NULL)::text AS type, "
    "has_column_privilege(attrelid, attnum, 'SELECT')::text AS readable, "
    "has_column_privilege(attrelid, attnum, 'UPDATE')::text AS writable "
    "FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped"
)


@dataclass(frozen=True)
class EncryptedTable:
    """An existing table. ``columns``: its existing encrypted columns. ``writes``: whether it is in scope."""

    name: str  # Better Auth's own
    names: TableNames
    id_type: str
    columns: tuple[EncryptedColumn, ...]
    writes: bool


@dataclass(frozen=True)
class TableRow:
    """A row of a page: its id, and the values of the table's columns."""

    id: str
    values: tuple[str | None, ...]


def other_table_names(schema: str | None, tables: dict[str, str], columns: dict[str, str]) -> dict[str, TableNames]:
    """The names of the tables beside jwks, by Better Auth's. ``tables``: table to its name; ``columns``: table.column to the column's name."""
    known = {one.table: [ID, *(each.column for each in ENCRYPTED_COLUMNS if each.table == one.table)] for one in ENCRYPTED_COLUMNS}
    _require_known("table_names", tables, known)
    _require_known("column_names", columns, [f"{table}.{column}" for table, names in known.items() for column in names])
    return {
        table: TableNames(str(tables.get(table, table)), schema, {
            column: str(columns[f"{table}.{column}"]) for column in names if f"{table}.{column}" in columns
        })
        for table, names in known.items()
    }  # fmt: skip


def _require_known(option: str, renamed: dict[str, str], known: Iterable[str]) -> None:
    unknown = sorted(set(renamed) - set(known))
    if unknown:
        raise RunbookError(f"{option}: unknown name {', '.join(unknown)}. Valid names: {', '.join(known)}.")
    for name in renamed.values():
        quoted(str(name))  # raises for an invalid name


def find_tables(
    database: Database, keys: TableNames | None, others: dict[str, TableNames], writes_others: bool
) -> tuple[list[EncryptedTable], list[str]]:
    """The existing tables, and the names (Better Auth's) of missing tables and columns. ``keys``: None leaves the table of keys out.

    Raises RunbookError before anything is written, where the table of keys does not exist, a privilege is missing, or the database is read-only.
    """
    requested = [(PRIVATE_KEYS.table, keys, [PRIVATE_KEYS], True)] if keys else []
    requested += [(name, names, [one for one in ENCRYPTED_COLUMNS if one.table == name], writes_others) for name, names in others.items()]
    tables, missing, privileges = [], [], []
    for name, names, columns, writes in requested:
        existing = {row["name"]: row for row in rows(database, COLUMNS, names.sql_name)}
        found = tuple(one for one in columns if names.column(one.column) in existing)
        missing += [f"{name}.{one.column}" for one in columns if one not in found] if existing else [name]
        if found:
            tables.append(EncryptedTable(name, names, _id_type(names, existing), found, writes))
            privileges += _missing_privileges(tables[-1], existing)
    if keys and PRIVATE_KEYS.table not in [table.name for table in tables]:
        raise RunbookError(
            f"{database.where} has no table {keys.sql_name} with a column {keys.sql(PRIVATE_KEYS.column)}. "
            "Correct the options table, schema and columns."
        )
    if privileges:
        raise RunbookError(
            f"{database.where}: its user lacks privileges: {', '.join(privileges)}. Grant them (GRANT), or use the URL of a user who has them. "
            f"{NOTHING_CHANGED}",
            missing_permissions=privileges,
        )
    if any(table.writes for table in tables):
        require_writable(database)
    return tables, missing


def _id_type(names: TableNames, existing: dict[str, dict]) -> str:
    found = existing.get(names.column(ID), {}).get("type")
    if found not in ID_TYPES:
        problem = f"is of type {found}; supported are {', '.join(ID_TYPES)}" if found else "does not exist"
        raise RunbookError(f"The primary key {names.sql(ID)} of the table {names.sql_name} {problem}. {NOTHING_CHANGED}")
    return ID_TYPES[found]


def _missing_privileges(table: EncryptedTable, existing: dict[str, dict]) -> list[str]:
    """The privileges on columns that the user lacks."""
    names = table.names
    read = [names.column(column) for column in (ID, *(one.column for one in table.columns))]
    missing = [f"SELECT on {names.sql_name} ({quoted(column)})" for column in read if existing[column]["readable"] != "true"]
    if table.writes:
        missing += [f"UPDATE on {names.sql_name} ({quoted(column)})" for column in read[1:] if existing[column]["writable"] != "true"]
    return missing


def read_page(database: Database, table: EncryptedTable, after: str | None, limit: int) -> list[TableRow]:
    """The next rows with values, along the primary key."""
    return _read(database, table, (after, None), f" LIMIT {int(limit)}")


def reread_page(database: Database, table: EncryptedTable, after: str | None, last: str) -> list[TableRow]:
    """The rows of a page as they are now."""
    return _read(database, table, (after, last), "")


def _read(database: Database, table: EncryptedTable, bounds: tuple[str | None, str | None], limit: str) -> list[TableRow]:
    names = table.names
    key = f"t.{names.sql(ID)}"
    values = [f"t.{names.sql(one.column)}::text" for one in table.columns]
    limits = [(operator, bound) for operator, bound in zip((">", "<="), bounds, strict=True) if bound is not None]
    conditions = [f"{key} {operator} ${number}::text::{table.id_type}" for number, (operator, _bound) in enumerate(limits, start=1)]
    conditions.append(f"coalesce({', '.join(values)}) IS NOT NULL")
    columns = ", ".join(f"{value} AS value_{number}" for number, value in enumerate(values))
    sql = f"SELECT {key}::text AS row_id, {columns} FROM {names.sql_name} AS t WHERE {' AND '.join(conditions)} ORDER BY {key}{limit}"
    found = rows(database, sql, *(bound for _operator, bound in limits))
    return [TableRow(row["row_id"], tuple(row[f"value_{number}"] for number in range(len(values)))) for row in found]


def replace_statements(table: EncryptedTable, column: EncryptedColumn, changes: Iterable[ValuePlan]) -> list[Statement]:
    """Two statements: one replaces values that are still as they were read, one counts the rows that have the new value then."""
    names, value = table.names, f"t.{table.names.sql(column.column)}::text"
    replacements = [{"id": one.id, "old": one.old, "new": one.new} for one in changes]
    listed = f"jsonb_to_recordset($1::text::jsonb) AS n(id {table.id_type}, old text, new text)"
    same_row = f"t.{names.sql(ID)} = n.id"
    replace = f"UPDATE {names.sql_name} AS t SET {names.sql(column.column)} = n.new FROM {listed} WHERE {same_row} AND {value} = n.old"
    read_back = f"SELECT n.id::text AS row_id FROM {names.sql_name} AS t JOIN {listed} ON {same_row} WHERE {value} = n.new"
    return [Statement(sql, (json.dumps(replacements),), len(replacements)) for sql in (replace, read_back)]
