# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Better Auth's table of keys: its names, which an application may have changed, and its rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..clients.database.statements import Database, quoted, rows
from ..errors import RunbookError

REQUIRED = ("id", "publicKey", "privateKey", "createdAt")
OPTIONAL = ("expiresAt", "alg", "crv")  # release 1.3 has none of them


@dataclass(frozen=True)
class TableNames:
    """The names of a table and its columns. ``columns``: from Better Auth's own name to the one in the table, where they differ."""

    table: str = "jwks"
    schema: str | None = None
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def sql_name(self) -> str:
        """The table as SQL takes it; without a schema the database's search path finds it."""
        return ".".join(quoted(part) for part in (self.schema, self.table) if part)

    def column(self, name: str) -> str:
        """A column's name in the table."""
        return self.columns.get(name, name)

    def sql(self, name: str) -> str:
        """A column as SQL takes it."""
        return quoted(self.column(name))


@dataclass(frozen=True)
class JwksRow:
    """A key as it is stored. Times are text in UTC, ``version`` changes with every write to it, ``expired`` by the database's clock."""

    id: str
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)
    created_at: str
    expires_at: str | None = None
    alg: str | None = None
    expired: bool = False
    version: str = ""


@dataclass(frozen=True)
class JwksTable:
    """The table as it was read, newest row first. ``columns``: which of Better Auth's columns it has."""

    names: TableNames
    columns: frozenset[str]
    rows: tuple[JwksRow, ...]

    @property
    def can_retire(self) -> bool:
        """Whether a key can be retired: it signs no more while its public part is still served."""
        return "expiresAt" in self.columns


def jwks_names(table: str, schema: str | None, columns: dict) -> TableNames:
    """The names from a module's options. Raises RunbookError for a column that Better Auth does not have."""
    unknown = sorted(set(columns) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise RunbookError(f"columns: unknown name {', '.join(unknown)}. Valid names: {', '.join((*REQUIRED, *OPTIONAL))}.")
    names = TableNames(table, schema, {name: str(renamed) for name, renamed in columns.items()})
    for name in (table, *filter(None, [schema]), *names.columns.values()):
        quoted(name)  # raises for an invalid name
    return names


def read_jwks_table(database: Database, names: TableNames) -> JwksTable:
    """Reads the whole table. Raises RunbookError where it does not exist, or where a column is missing."""
    existing = _existing_columns(database, names)
    columns = frozenset(name for name in (*REQUIRED, *OPTIONAL) if names.column(name) in existing)
    return JwksTable(names, columns, tuple(row_from(record) for record in rows(database, _query(names, columns))))


def _existing_columns(database: Database, names: TableNames) -> set[str]:
    sql = "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped"
    existing = {row["name"] for row in rows(database, sql, names.sql_name)}
    if not existing:
        raise RunbookError(
            f"{database.where} has no table {names.sql_name}. Correct the options table and schema, or create it with Better Auth's migration."
        )
    missing = [names.column(name) for name in REQUIRED if names.column(name) not in existing]
    if missing:
        raise RunbookError(
            f"The table {names.sql_name} has no column {', '.join(missing)}. It has {', '.join(sorted(existing))}. Correct the option columns."
        )
    return existing


def select_list(names: TableNames, columns: frozenset[str], alias: str) -> str:
    """The columns of a JwksRow but its version, for a record of the table that SQL calls ``alias``. See row_from."""
    column = {name: f"{alias}.{names.sql(name)}" for name in (*REQUIRED, *columns)}
    expires = column.get("expiresAt", "NULL::timestamptz")
    return (
        f"{column['id']}::text AS id, {column['publicKey']}::text AS public_key, {column['privateKey']}::text AS private_key, "
        f"{column['createdAt']}::text AS created_at, ({expires})::text AS expires_at, ({column.get('alg', 'NULL')})::text AS alg, "
        f"coalesce({expires} <= now(), false)::text AS expired"
    )


def row_from(record: dict) -> JwksRow:
    """The row of a selected record."""
    return JwksRow(**{**record, "private_key": record["private_key"] or "", "expired": record["expired"] == "true"})


def _query(names: TableNames, columns: frozenset[str]) -> str:
    return (
        f"SELECT {select_list(names, columns, 'k')}, k.xmin::text AS version FROM {names.sql_name} AS k "
        f"ORDER BY k.{names.sql('createdAt')} DESC, k.{names.sql('id')}"
    )
