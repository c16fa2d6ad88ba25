# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What PostgreSQL's catalog says of a table: its kind, its columns, and whether row security may hide rows of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..clients.database.statements import Database, rows

KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}  # what pg_class has beside tables
# For each column; ``beneath``: what a view selects from.
COLUMNS = (
    "SELECT c.oid::text AS oid, n.nspname || '.' || c.relname AS label, c.relkind::text AS kind, "
    "row_security_active(c.oid)::text AS hides_rows, current_user::text AS user, "
    "coalesce((SELECT string_agg(DISTINCT d.refobjid::regclass::text, ', ') FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid "
    "AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid WHERE r.ev_class = c.oid), '') AS beneath, "
    "a.attname::text AS name, format_type(a.atttypid, NULL)::text AS type, "
    "((SELECT s.typcategory FROM pg_type s WHERE s.oid = a.atttypid) = 'S')::text AS textual, "
    "has_column_privilege(a.attrelid, a.attnum, 'SELECT')::text AS readable, "
    "has_column_privilege(a.attrelid, a.attnum, 'UPDATE')::text AS writable "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped"
)


@dataclass(frozen=True)
class Column:
    """A column, its type without modifiers, and what the database's user may do with it. ``textual``: whether the type is one of texts."""

    type: str = "text"
    readable: bool = True
    writable: bool = True
    textual: bool = True


@dataclass(frozen=True)
class Relation:
    """A table, or what is used like one. ``kind``: pg_class.relkind. ``hides_rows``: whether row security is active for ``user``.

    ``name``: as SQL takes it, ``label``: schema.table, ``beneath``: the tables of a view.
    """

    name: str
    label: str
    oid: str
    kind: str
    user: str
    columns: dict[str, Column] = field(default_factory=dict)
    hides_rows: bool = False
    beneath: str = ""

    @property
    def is_table(self) -> bool:
        """Whether it holds rows of its own that can be written."""
        return self.kind not in KINDS

    @property
    def problem(self) -> str:
        """Why it can't be used as a table, "" where it can."""
        if self.is_table:
            return ""
        return f"{self.name} is {KINDS[self.kind]}{f' of {self.beneath}' if self.beneath else ''}"

    @property
    def row_security(self) -> str:
        """That rows may be hidden, and what to do, "" where none is."""
        if not self.hides_rows:
            return ""
        return (
            f"Row security of the table {self.name} applies to the database user {self.user}, so rows may be hidden from it. "
            "Use the URL of the table's owner, or of a user with BYPASSRLS."
        )


def describe(database: Database, sql_name: str) -> Relation | None:
    """The relation of that name, None where there is none."""
    found = rows(database, COLUMNS, sql_name)
    if not found:
        return None
    columns = {row["name"]: Column(row["type"], *(row[name] == "true" for name in ("readable", "writable", "textual"))) for row in found}
    one = found[0]
    return Relation(sql_name, one["label"], one["oid"], one["kind"], one["user"], columns, one["hides_rows"] == "true", one["beneath"])


def snake_case(name: str) -> str:
    """A name in camel case as Prisma's and Drizzle's users often write it, such as backup_codes for backupCodes."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
