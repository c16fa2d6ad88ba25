# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables with encrypted data: their names, the user's privileges, and the SQL that reads and replaces values.

A table is read in pages along its primary key. A page's values of a column are replaced by one statement that takes them as JSON
and changes only rows that still have the value that was read; a second one, in the same transaction, reads back what was stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...clients.database.statements import Database, Statement, quoted, require_writable, rows
from ...errors import NOTHING_CHANGED, RunbookError
from ..catalog import Column, Relation
from ..encrypted_columns import ENCRYPTED_COLUMNS, EncryptedColumn, find_table
from ..jwks_table import TableNames
from .names import ID, known_tables
from .plan import PRIVATE_KEYS, ValuePlan
from .search_plan import Unscanned

# The types that Better Auth creates primary keys of, and the cast of a text to each.
ID_TYPES = {"text": "text", "character varying": "text", "uuid": "uuid", "integer": "integer", "bigint": "bigint"}


@dataclass(frozen=True)
class EncryptedTable:
    """An existing table. ``columns``: its existing encrypted columns. ``writes``: whether it is in scope. ``oid``: PostgreSQL's own id."""

    name: str  # Better Auth's own
    names: TableNames
    id_type: str
    columns: tuple[EncryptedColumn, ...]
    writes: bool
    oid: str = ""


@dataclass(frozen=True)
class TableRow:
    """A row of a page: its id, and the values of the table's columns."""

    id: str
    values: tuple[str | None, ...]


@dataclass
class FoundTables:
    """``missing``: Better Auth's names of tables and columns that do not exist. ``unscanned``: what can't be read as a table, or not wholly."""

    tables: list[EncryptedTable] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unscanned: list[Unscanned] = field(default_factory=list)
    privileges: list[str] = field(default_factory=list)  # that the user lacks

    @property
    def known(self) -> dict[tuple[str, str], EncryptedColumn]:
        """What is re-encrypted, by oid and column."""
        return {(table.oid, table.names.column(one.column)): one for table in self.tables for one in table.columns}


def find_tables(
    database: Database, keys: TableNames | None, others: dict[str, TableNames], writes_others: bool, columns: Iterable[EncryptedColumn]
) -> FoundTables:
    """The existing tables. ``keys``: None leaves the table of keys out. ``others``: by Better Auth's names. ``columns``: theirs.

    Raises RunbookError before anything is written, where the table of keys does not exist, a privilege is missing, or the database is read-only.
    """
    columns = list(columns)
    found = FoundTables()
    if keys:
        _find(database, found, PRIVATE_KEYS.table, keys, [PRIVATE_KEYS], writes=True)
        _require_keys(database, found, keys)
    for name, names in others.items():
        _find(database, found, name, names, [one for one in columns if one.table == name], writes_others)
    _require_additional(database, found)
    if found.privileges:
        raise RunbookError(
            f"{database.where}: its user lacks privileges: {', '.join(found.privileges)}. Grant them (GRANT), or use the URL of a user who has them. "
            f"{NOTHING_CHANGED}",
            missing_permissions=found.privileges,
        )
    if any(table.writes for table in found.tables):
        require_writable(database)
    return found


def _find(database: Database, found: FoundTables, name: str, names: TableNames, columns: list[EncryptedColumn], writes: bool) -> None:
    """Adds what is found of a table."""
    names, relation = find_table(database, names, name)
    if relation is None:
        found.missing.append(name)
        return
    if relation.problem:
        found.unscanned.append(Unscanned(relation.label, "", f"{relation.problem}; name the table itself"))
        return
    if relation.hides_rows:
        found.unscanned.append(Unscanned(relation.label, "", relation.row_security.rstrip(".")))
    names = names.found_in(relation.columns, [ID, *(one.column for one in columns)])
    existing = tuple(one for one in columns if names.column(one.column) in relation.columns)
    found.missing += [f"{name}.{one.column}" for one in columns if one not in existing]
    _require_textual(names, relation, existing)
    if existing:
        table = EncryptedTable(name, names, _id_type(names, relation.columns), existing, writes, relation.oid)
        found.tables.append(table)
        found.privileges += _missing_privileges(table, relation)


def _require_additional(database: Database, found: FoundTables) -> None:
    """Raises RunbookError where something does not exist that only the option additional_columns names."""
    known = known_tables()
    valid = {*known, *(f"{table}.{column}" for table, columns in known.items() for column in columns)}
    missing = [name for name in found.missing if name not in valid]
    if missing:
        raise RunbookError(f"additional_columns: {database.where} has no {', '.join(missing)}. {NOTHING_CHANGED}")


def _require_textual(names: TableNames, relation: Relation, columns: Iterable[EncryptedColumn]) -> None:
    """Raises RunbookError where only the option additional_columns names a column, and its values are no texts."""
    for one in columns:
        found = relation.columns[names.column(one.column)]
        if one not in (PRIVATE_KEYS, *ENCRYPTED_COLUMNS) and not found.textual:
            raise RunbookError(
                f"additional_columns: {one.table}.{one.column} is of the type {found.type}; only columns of texts can be re-encrypted. {NOTHING_CHANGED}"
            )


def _require_keys(database: Database, found: FoundTables, keys: TableNames) -> None:
    if found.unscanned and not found.tables:
        raise RunbookError(f"{found.unscanned[0].reason} in the options table and schema. {NOTHING_CHANGED}")
    if not found.tables:
        raise RunbookError(
            f"{database.where} has no table {keys.sql_name} with a column {keys.sql(PRIVATE_KEYS.column)}. "
            "Correct the options table, schema and columns."
        )


def _id_type(names: TableNames, existing: dict[str, Column]) -> str:
    column = existing.get(names.column(ID))
    if column is None or column.type not in ID_TYPES:
        problem = f"is of type {column.type}; supported are {', '.join(ID_TYPES)}" if column else "does not exist"
        raise RunbookError(f"The primary key {names.sql(ID)} of the table {names.sql_name} {problem}. {NOTHING_CHANGED}")
    return ID_TYPES[column.type]


def _missing_privileges(table: EncryptedTable, relation: Relation) -> list[str]:
    """The privileges on columns that the user lacks."""
    names, existing = table.names, relation.columns
    read = [names.column(column) for column in (ID, *(one.column for one in table.columns))]
    missing = [f"SELECT on {names.sql_name} ({quoted(column)})" for column in read if not existing[column].readable]
    if table.writes:
        missing += [f"UPDATE on {names.sql_name} ({quoted(column)})" for column in read[1:] if not existing[column].writable]
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
