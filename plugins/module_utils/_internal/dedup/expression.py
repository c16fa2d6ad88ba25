# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The expression for an id in a JSON or JSONB column: as SQL, and as PostgreSQL prints it in an index's definition. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..clients.database.statements import quoted

ARROW, ARROW_JSON, PATH = "->>", "->", "#>>"
# Elements of an array that array_out prints without quotes.
BARE = re.compile(r'(?!null$)[^\s{}",\\]+', re.IGNORECASE)


@dataclass(frozen=True)
class Expression:
    """The id in a document. ``path``: keys from the outermost to the id's own; ``operator``: the last one.

    With ->> and -> the keys before the last are followed by ->, as in details -> 'data' ->> 'event_id'. An index serves a query,
    and ON CONFLICT finds it, only where both have the same expression.
    """

    column: str
    path: tuple[str, ...]
    operator: str = ARROW

    def sql(self, alias: str = "") -> str:
        """The expression in parentheses, over a table's ``alias``."""
        column = f"{alias}.{quoted(self.column)}" if alias else quoted(self.column)
        return self._over(column, literal, "")

    def printed(self, column: str) -> str:
        """The expression as pg_get_expr prints it. ``column``: the column's name as quote_ident prints it."""
        return self._over(column, _printed, "::text")

    def predicates(self, column: str) -> tuple[str, ...]:
        """Predicates, as pg_get_expr prints them, that are true for every row with an id. See ``printed``."""
        has_key = [f"({column} ? {_printed(self.path[0])}::text)"] if len(self.path) == 1 else []
        return (f"({self.printed(column)} IS NOT NULL)", *has_key)

    @property
    def has_json_null(self) -> bool:
        """Whether JSON's null is a value of its own here, and not SQL's NULL."""
        return self.operator == ARROW_JSON

    def _over(self, column: str, quote, cast: str) -> str:
        if self.operator == PATH:
            return f"({column} #>> {quote(array_text(self.path))}::text[])"
        for key in self.path[:-1]:
            column = f"({column} -> {quote(key)}{cast})"
        return f"({column} {self.operator} {quote(self.path[-1])}{cast})"


def literal(text: str) -> str:
    """A text as SQL takes it, whatever standard_conforming_strings is."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'" if "\\" not in doubled else "E'" + doubled.replace("\\", "\\\\") + "'"


def array_text(path: tuple[str, ...]) -> str:
    """A text[] as array_out prints it."""
    return "{" + ",".join(key if BARE.fullmatch(key) else _element(key) for key in path) + "}"


def _element(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _printed(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
