# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Better Auth's table of keys: its names, which an application may have changed, and its rows."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace

from ..clients.database.statements import Database, quoted, rows
from ..errors import RunbookError
from .catalog import Relation, describe, snake_case
from .clock import Clock

REQUIRED = ("id", "publicKey", "privateKey", "createdAt")
OPTIONAL = ("expiresAt", "alg", "crv")  # release 1.3 has none of them, and alg only 1.7
# Names under which an application may have the column expiresAt.
EXPIRY = re.compile(r"expir|valid_?(until|to)$|not_?after|retired|revoked|until$", re.IGNORECASE)


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

    def found_in(self, existing: Container[str], wanted: Iterable[str]) -> TableNames:
        """The same names, and those of columns that were not named and exist in snake case only."""
        others = (name for name in wanted if name not in self.columns and name not in existing)
        found = {name: snake_case(name) for name in others if snake_case(name) in existing}
        return replace(self, columns={**self.columns, **found}) if found else self


@dataclass(frozen=True)
class JwksRow:
    """A key as it is stored. Times are text in UTC, ``version`` changes with every write to it, ``expired`` by the application's clock."""

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
    """The table as it was read, newest row first. ``columns``: which of Better Auth's columns it has.

    ``expiry_candidates``: columns that may be expiresAt under another name. ``row_security``: why rows may be hidden, "" where none is.
    """

    names: TableNames
    columns: frozenset[str]
    rows: tuple[JwksRow, ...]
    expiry_candidates: tuple[str, ...] = ()
    row_security: str = ""
    clock: Clock = Clock()

    @property
    def can_retire(self) -> bool:
        """Whether a key can be retired: it signs no more while its public part is still served."""
        return "expiresAt" in self.columns

    @property
    def has_algorithms(self) -> bool:
        """Whether keys have an algorithm, as those of release 1.7 have."""
        return "alg" in self.columns

    def warnings(self) -> list[str]:
        """What may be wrong with the table as it was read."""
        candidates = ", ".join(self.expiry_candidates)
        return [
            *([self.row_security] if self.row_security else []),
            *([f"The table {self.names.sql_name} has no column expiresAt. {_name_expiry(candidates)}"] if candidates and not self.can_retire else []),
            *self.clock.warnings(),
        ]


def jwks_names(table: str, schema: str | None, columns: dict) -> TableNames:
    """The names from a module's options. Raises RunbookError for a column that Better Auth does not have."""
    unknown = sorted(set(columns) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise RunbookError(f"columns: unknown name {', '.join(unknown)}. Valid names: {', '.join((*REQUIRED, *OPTIONAL))}.")
    names = TableNames(table, schema, {name: str(renamed) for name, renamed in columns.items()})
    for name in (table, *filter(None, [schema]), *names.columns.values()):
        quoted(name)  # raises for an invalid name
    return names


def read_jwks_table(database: Database, names: TableNames, clock: Clock = Clock()) -> JwksTable:
    """Reads the whole table. Raises RunbookError where it does not exist or is a view, or where a column is missing."""
    relation = _require_table(database, names)
    existing = relation.columns
    names = names.found_in(existing, (*REQUIRED, *OPTIONAL))
    _require_columns(names, existing)
    columns = frozenset(name for name in (*REQUIRED, *OPTIONAL) if names.column(name) in existing)
    used = {names.column(name) for name in columns}
    candidates = tuple(name for name in sorted(existing) if name not in used and EXPIRY.search(name))
    found = tuple(row_from(record) for record in rows(database, _query(names, columns, clock)))
    return JwksTable(names, columns, found, candidates, relation.row_security, clock)


def require_expiry_named(table: JwksTable) -> None:
    """Raises RunbookError where keys would be deleted although they could be retired, as the column expiresAt may have another name."""
    if table.expiry_candidates and not table.can_retire:
        raise RunbookError(
            f"The table {table.names.sql_name} has no column expiresAt, so keys would be deleted instead of retired. "
            f"{_name_expiry(', '.join(table.expiry_candidates))} To delete them nevertheless, set action: delete."
        )


def _name_expiry(candidates: str) -> str:
    return f"If {candidates} is that column, name it in the option columns, as expiresAt."


def _require_table(database: Database, names: TableNames) -> Relation:
    relation = describe(database, names.sql_name)
    if relation is None:
        raise RunbookError(
            f"{database.where} has no table {names.sql_name}. Correct the options table and schema, or create it with Better Auth's migration."
        )
    if relation.problem:
        raise RunbookError(f"{relation.problem}, and keys are changed in the table itself. Name it in the options table and schema.")
    return relation


def _require_columns(names: TableNames, existing: dict) -> None:
    wanted = dict.fromkeys((*REQUIRED, *names.columns))
    missing = [names.column(name) for name in wanted if names.column(name) not in existing]
    if missing:
        raise RunbookError(
            f"The table {names.sql_name} has no column {', '.join(missing)}. It has {', '.join(sorted(existing))}. Correct the option columns."
        )


def select_list(names: TableNames, columns: frozenset[str], alias: str, clock: Clock = Clock()) -> str:
    """The columns of a JwksRow but its version, for a record of the table that SQL calls ``alias``. See row_from."""
    column = {name: f"{alias}.{names.sql(name)}" for name in (*REQUIRED, *columns)}
    expires = column.get("expiresAt", "NULL::timestamptz")
    return (
        f"{column['id']}::text AS id, {column['publicKey']}::text AS public_key, {column['privateKey']}::text AS private_key, "
        f"{column['createdAt']}::text AS created_at, ({expires})::text AS expires_at, ({column.get('alg', 'NULL')})::text AS alg, "
        f"coalesce({expires} <= {clock.now}, false)::text AS expired"
    )


def row_from(record: dict) -> JwksRow:
    """The row of a selected record."""
    return JwksRow(**{**record, "private_key": record["private_key"] or "", "expired": record["expired"] == "true"})


def _query(names: TableNames, columns: frozenset[str], clock: Clock) -> str:
    return (
        f"SELECT {select_list(names, columns, 'k', clock)}, k.xmin::text AS version FROM {names.sql_name} AS k "
        f"ORDER BY k.{names.sql('createdAt')} DESC, k.{names.sql('id')}"
    )
