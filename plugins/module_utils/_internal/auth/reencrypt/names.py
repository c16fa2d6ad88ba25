# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names of the tables and columns with encrypted data, from the options. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ...clients.database.statements import quoted
from ...errors import RunbookError
from ..encrypted_columns import ENCRYPTED_COLUMNS, EncryptedColumn
from ..jwks_table import TableNames

ID = "id"


def known_tables() -> dict[str, list[str]]:
    """Better Auth's tables beside jwks, and the columns of each that can be renamed."""
    return {one.table: [ID, *(each.column for each in ENCRYPTED_COLUMNS if each.table == one.table)] for one in ENCRYPTED_COLUMNS}


def other_table_names(schema: str | None, tables: dict[str, str], columns: dict[str, str]) -> dict[str, TableNames]:
    """The names of the tables beside jwks, by Better Auth's. ``tables``: table to its name; ``columns``: table.column to the column's name."""
    known = known_tables()
    _require_known("table_names", tables, known)
    _require_known("column_names", columns, _columns(known))
    for name in (*tables.values(), *columns.values()):
        quoted(str(name))  # raises for an invalid name
    return {
        table: TableNames(str(tables.get(table, table)), schema, {
            column: str(columns[f"{table}.{column}"]) for column in names if f"{table}.{column}" in columns
        })
        for table, names in known.items()
    }  # fmt: skip


def additional_columns(entries: Iterable[str]) -> tuple[EncryptedColumn, ...]:
    """The columns of the option additional_columns, each table.column."""
    found = []
    for entry in entries:
        table, _dot, column = entry.partition(".")
        if not table or not column:
            raise RunbookError(f"additional_columns: must be table.column, got {entry}.")
        for name in (table, column):
            quoted(name)  # raises for an invalid name
        found.append(EncryptedColumn(table, column, always=False))
    return tuple(one for one in dict.fromkeys(found) if one not in ENCRYPTED_COLUMNS)


def require_known_unused(unused: Iterable[str]) -> frozenset[str]:
    """The option unused. Raises RunbookError for a name that is not one of Better Auth's tables and columns."""
    known = known_tables()
    _require_known("unused", unused, [*known, *_columns(known)])
    return frozenset(unused)


def require_labels(unscanned: Iterable[str]) -> frozenset[str]:
    """The option unscanned. Raises RunbookError for a name without a schema."""
    wrong = next((one for one in unscanned if one.count(".") < 1), None)
    if wrong:
        raise RunbookError(f"unscanned: must be schema.table or schema.table.column, got {wrong}.")
    return frozenset(unscanned)


def _columns(known: dict[str, list[str]]) -> list[str]:
    return [f"{table}.{column}" for table, names in known.items() for column in names]


def _require_known(option: str, names: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise RunbookError(f"{option}: unknown name {', '.join(unknown)}. Valid names: {', '.join(known)}.")
