# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds rows that one request created twice: the same values, each with an id of its own, within a short time. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from ..clients.database.options import DATABASE, DatabaseOptions
from ..clients.database.statements import Database, quoted, rows
from ..errors import RunbookError
from .find import LISTED
from .kinds import request_kind
from .observe import observe_table
from .sql import TIMES, row_name

ARGUMENT_SPEC = {
    "database": DATABASE,
    "namespace": {"type": "str", "default": "default"},
    "table": {"type": "str", "required": True},
    "schema": {"type": "str"},
    "columns": {"type": "list", "elements": "str", "required": True},
    "time_column": {"type": "str", "default": "created_at"},
    "window": {"type": "float", "default": 60.0},
    "client_timeout": {"type": "float", "default": 30.0},
}


@dataclass(frozen=True)
class RequestOptions:
    """The options by their names. ``window`` and ``client_timeout``: seconds."""

    database: DatabaseOptions
    table: str
    columns: tuple[str, ...]
    namespace: str = "default"
    schema: str | None = None
    time_column: str = "created_at"
    window: float = 60.0
    client_timeout: float = 30.0

    @classmethod
    def of(cls, params: dict) -> RequestOptions:
        """The options of a module. Raises RunbookError where one is invalid."""
        plain = {name: params[name] for name in ("namespace", "table", "schema", "time_column", "window", "client_timeout")}
        options = cls(DatabaseOptions.of(params["database"]), columns=tuple(params["columns"]), **plain)
        if not options.columns:
            raise RunbookError("columns: must name the columns that are equal in both rows, for example [user_id, title].")
        if options.window <= 0 or options.client_timeout <= 0:
            raise RunbookError("window, client_timeout: must be more than 0 seconds.")
        return options

    @property
    def sql_name(self) -> str:
        """The table as SQL takes it."""
        return ".".join(quoted(part) for part in (self.schema, self.table) if part)


def find_requests(database: Database, options: RequestOptions) -> dict:
    """The module's result. Raises RunbookError where the table or a column does not exist."""
    table = observe_table(database, options.sql_name)
    for option, names in (("columns", options.columns), ("time_column", (options.time_column,))):
        missing = [name for name in names if table.column(name) is None]
        if missing:
            exists = ", ".join(one.name for one in table.columns)
            raise RunbookError(f"{option}: {table.label} has no column {', '.join(missing)}. It has {exists}.")
    column = table.column(options.time_column)
    if column is None or column.type not in TIMES:
        raise RunbookError(f"time_column: {options.time_column} of {table.label} is no time.")
    found = rows(database, _query(row_name(table, "t"), options), str(options.window))
    listed = [
        {"row": one["row_name"], "first": one["first_name"], "kind": one["kind"], "gap": round(float(one["gap"]), 3)} for one in found if one["what"] == "row"
    ]
    kinds = {one["kind"]: int(one["gap"]) for one in found if one["what"] == "count"}
    return {"changed": False, "table": table.label, "rows": listed, "row_count": sum(kinds.values()), "kinds": kinds}


def _query(name: str, options: RequestOptions) -> str:
    same = ", ".join(f"lower(btrim(t.{quoted(column)}::text))" for column in options.columns)
    time = f"t.{quoted(options.time_column)}::timestamptz"
    near = (
        f"SELECT {name} AS row_name, lag({name}) OVER w AS first_name, extract(epoch FROM {time} - lag({time}) OVER w)::float8 AS gap "
        f"FROM {options.sql_name} AS t WINDOW w AS (PARTITION BY {same} ORDER BY {time}, t.ctid)"
    )
    found = f"SELECT n.*, {request_kind('n.gap', options.client_timeout)} AS kind FROM ({near}) AS n WHERE n.gap <= $1::text::float8"
    return (
        f"WITH found AS MATERIALIZED ({found}) SELECT 'count' AS what, kind::text, NULL::text AS row_name, NULL::text AS first_name, count(*)::text AS gap "
        f"FROM found GROUP BY kind UNION ALL (SELECT 'row', kind, row_name, first_name, gap::text FROM found ORDER BY row_name LIMIT {LISTED})"
    )
