# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Better Auth's table of keys: its names, which an application may have changed, and its rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database, quoted, rows
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

REQUIRED = ("id", "publicKey", "privateKey", "createdAt")
OPTIONAL = ("expiresAt", "alg", "crv")  # release 1.3 has none of them


@dataclass(frozen=True)
class Names:
    """What the table and its columns are called. ``columns``: Better Auth's own name to the one in the table, where they differ."""

    table: str = "jwks"
    schema: str | None = None
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def relation(self) -> str:
        """The table as SQL takes it; without a schema the database's search path finds it."""
        return ".".join(quoted(part) for part in (self.schema, self.table) if part)

    def column(self, name: str) -> str:
        """A column as it is called in the table."""
        return self.columns.get(name, name)

    def sql(self, name: str) -> str:
        """A column as SQL takes it."""
        return quoted(self.column(name))


@dataclass(frozen=True)
class Row:
    """A key as it is stored. Times are text in UTC; ``version`` changes with every write to the row; ``expired`` by the database's clock."""

    id: str
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)
    created_at: str
    expires_at: str | None = None
    alg: str | None = None
    expired: bool = False
    version: str = ""


@dataclass(frozen=True)
class Table:
    """The table as it was read, newest row first. ``columns``: which of Better Auth's columns it has."""

    names: Names
    columns: frozenset[str]
    rows: tuple[Row, ...]

    @property
    def can_retire(self) -> bool:
        """Whether a key can be taken out of use while its public part is still served."""
        return "expiresAt" in self.columns


def names_of(table: str, schema: str | None, columns: dict) -> Names:
    """The names out of a module's options. Raises RunbookError for a column that Better Auth does not have."""
    unknown = sorted(set(columns) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise RunbookError(f"The option columns has no {', '.join(unknown)}; it takes {', '.join((*REQUIRED, *OPTIONAL))}.")
    names = Names(table, schema, {name: str(called) for name, called in columns.items()})
    for name in (table, *filter(None, [schema]), *names.columns.values()):
        quoted(name)  # which refuses what is no name
    return names


def read_table(database: Database, names: Names) -> Table:
    """Reads the whole table. Raises RunbookError where there is none, or where a column is missing."""
    there = _columns(database, names)
    columns = frozenset(name for name in (*REQUIRED, *OPTIONAL) if names.column(name) in there)
    found = rows(database, _query(names, columns))
    return Table(names, columns, tuple(row_of(one) for one in found))


def _columns(database: Database, names: Names) -> set[str]:
    sql = "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped"
    there = {row["name"] for row in rows(database, sql, names.relation)}
    if not there:
        raise RunbookError(
            f"{database.where} has no table {names.relation}. Correct the options table and schema, or let the application make it: "
            "Better Auth's migration does."
        )
    missing = [names.column(name) for name in REQUIRED if names.column(name) not in there]
    if missing:
        raise RunbookError(
            f"The table {names.relation} has no column {', '.join(missing)}. It has {', '.join(sorted(there))}. Correct the option columns."
        )
    return there


def selected(names: Names, columns: frozenset[str], alias: str) -> str:
    """What makes a Row of a record of the table that SQL calls ``alias``, but for the version. See row_of."""
    column = {name: f"{alias}.{names.sql(name)}" for name in (*REQUIRED, *columns)}
    expires = column.get("expiresAt", "NULL::timestamptz")
    return (
        f"{column['id']}::text AS id, {column['publicKey']}::text AS public_key, {column['privateKey']}::text AS private_key, "
        f"{column['createdAt']}::text AS created_at, ({expires})::text AS expires_at, ({column.get('alg', 'NULL')})::text AS alg, "
        f"coalesce({expires} <= now(), false)::text AS expired"
    )


def row_of(found: dict) -> Row:
    """The Row of what was selected."""
    return Row(**{**found, "private_key": found["private_key"] or "", "expired": found["expired"] == "true"})


def _query(names: Names, columns: frozenset[str]) -> str:
    return (
        f"SELECT {selected(names, columns, 'k')}, k.xmin::text AS version FROM {names.relation} AS k "
        f"ORDER BY k.{names.sql('createdAt')} DESC, k.{names.sql('id')}"
    )
