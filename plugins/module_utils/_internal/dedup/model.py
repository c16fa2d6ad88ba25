# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is observed of a table with events, its indexes, its archive and its duplicates."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..clients.database.statements import quoted
from ..errors import NOTHING_CHANGED, RunbookError

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")
OWNER = "ownership of"


@dataclass(frozen=True)
class Column:
    """A column. ``printed``: its name as quote_ident prints it; ``generated``: whether its value can't be written."""

    name: str
    type: str
    printed: str = ""
    generated: bool = False


@dataclass(frozen=True)
class Reference:
    """A foreign key of another table that refers to the table. ``columns``: pairs of a column there and the one here."""

    constraint: str
    table: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Index:
    """A unique index with one expression over the table, or what else has the index's name.

    ``expression`` and ``predicate`` as pg_get_expr prints them, "" where there is none. ``ours``: whether it has the requested name.
    ``building``: whether a session builds it at this moment.
    """

    name: str
    schema: str = "public"
    expression: str = ""
    predicate: str = ""
    valid: bool = True
    unique: bool = True
    on_table: bool = True
    ours: bool = True
    building: bool = False
    definition: str = ""

    @property
    def sql_name(self) -> str:
        """The index as SQL takes it."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


@dataclass(frozen=True)
class Archive:
    """The archive table, in the table's schema. ``columns``: None where it does not exist. ``hidden``: whether row security hides its rows."""

    schema: str
    table: str
    columns: frozenset[str] | None = None
    hidden: bool = False

    @property
    def exists(self) -> bool:
        """Whether it exists."""
        return self.columns is not None

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.schema}.{self.table}"

    @property
    def sql_name(self) -> str:
        """As SQL takes it."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"


@dataclass(frozen=True)
class Table:
    """The table as the catalog describes it, and the privileges of the database's user that matter.

    ``kind``: pg_class.relkind. ``partition_key``: that of a partitioned table. ``parent``: the table that it is a partition or a child of.
    ``triggers``, ``rules``: enabled ones that react to a DELETE or an INSERT. ``privileges``: such as "DELETE on public.audit_log".
    """

    name: str
    schema: str
    kind: str
    user: str
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    partition_key: str = ""
    parent: str = ""
    children: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    hides_rows: bool = False
    privileges: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """For messages."""
        return f"{self.schema}.{self.name}"

    @property
    def sql_name(self) -> str:
        """As SQL takes it."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((one for one in self.columns if one.name == name), None)

    def require(self, *required: str) -> None:
        """Raises RunbookError naming the required privileges that are missing."""
        missing = [privilege for privilege in required if privilege not in self.privileges]
        if missing:
            raise RunbookError(
                f"The database user {self.user} lacks privileges: {', '.join(missing)}. {NOTHING_CHANGED} Grant them, "
                "or set the option database to the URL of the table's owner.",
                missing_permissions=missing,
            )


@dataclass(frozen=True)
class Observed:
    """The table, its archive, and the indexes that have the requested name or the requested expression."""

    table: Table
    archive: Archive
    indexes: tuple[Index, ...] = ()


@dataclass(frozen=True)
class Duplicate:
    """A row with an id that an older row has. ``row`` and ``kept`` name the two, such as id=5. ``gap``: seconds between them, None where unknown.

    ``problem``: why it is not removed, "" where it is.
    """

    event_id: str
    row: str
    kept: str
    kind: str
    gap: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class Found:
    """Duplicates: how many of each kind, how many must not be removed, and the first of them."""

    kinds: dict[str, int] = field(default_factory=dict)
    problems: int = 0
    first: tuple[Duplicate, ...] = ()

    @property
    def total(self) -> int:
        """The number of duplicates."""
        return sum(self.kinds.values())
