# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of event_dedup. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..clients.database.options import DATABASE, DatabaseOptions
from ..clients.database.statements import MAX_NAME_LENGTH, quoted
from ..errors import RunbookError
from ..libraries import CLUSTER, database_libraries
from .expression import ARROW, ARROW_JSON, PATH, Expression

PRESENT, RESTORED = "present", "restored"
ARGUMENT_SPEC = {
    "database": DATABASE,
    "namespace": {"type": "str", "default": "default"},
    "state": {"type": "str", "choices": [PRESENT, RESTORED], "default": PRESENT},
    "table": {"type": "str", "required": True},
    "schema": {"type": "str"},
    "column": {"type": "str", "default": "details"},
    "path": {"type": "list", "elements": "str", "default": ["event_id"], "no_log": False},
    "operator": {"type": "str", "choices": [ARROW, ARROW_JSON, PATH], "default": ARROW},
    "order_by": {"type": "list", "elements": "str", "default": ["timestamp"]},
    "consumer_column": {"type": "str"},
    "ignored_columns": {"type": "list", "elements": "str", "default": []},
    "ignored_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "allow_triggers": {"type": "bool", "default": False},
    "index": {"type": "str"},
    "index_timeout": {"type": "int", "default": 3600},
    "batch_size": {"type": "int", "default": 5000},
    "archive_table": {"type": "str", "default": "runbook_event_archive"},
    "archive_id": {"type": "str"},
}
OWN = ("state", "table", "schema", "order_by", "consumer_column", "ignored_columns", "ignored_keys", "allow_triggers", "index_timeout", "batch_size",
       "archive_table", "archive_id")  # fmt: skip


def libraries(params: dict) -> list[str]:
    """The Python libraries that these options need."""
    return [*CLUSTER, *database_libraries(params["database"])]


@dataclass(frozen=True)
class DedupOptions:
    """The options by their names; ``expression``: column, path and operator. Unset ones are None."""

    database: DatabaseOptions
    expression: Expression
    index: str
    table: str
    namespace: str = "default"
    state: str = PRESENT
    schema: str | None = None
    order_by: tuple[str, ...] = ("timestamp",)
    consumer_column: str | None = None
    ignored_columns: tuple[str, ...] = ()
    ignored_keys: tuple[str, ...] = ()
    allow_triggers: bool = False
    index_timeout: int = 3600
    batch_size: int = 5000
    archive_table: str = "runbook_event_archive"
    archive_id: str | None = None

    @classmethod
    def of(cls, params: dict) -> DedupOptions:
        """The options of a module. Raises RunbookError where one is invalid."""
        own: dict[str, Any] = {name: tuple(params[name]) if isinstance(params[name], list) else params[name] for name in OWN}
        expression = Expression(params["column"], tuple(params["path"]), params["operator"])
        index = params["index"] or default_index(params["table"], expression.path)
        options = cls(DatabaseOptions.of(params["database"]), expression, index, namespace=params["namespace"], **own)
        problem = next((message for wrong, message in _problems(options) if wrong), None)
        if problem:
            raise RunbookError(problem)
        for name in options.names:
            quoted(name)  # raises for an invalid name
        return options

    @property
    def names(self) -> tuple[str, ...]:
        """All names of relations and columns."""
        optional = [one for one in (self.schema, self.consumer_column) if one is not None]
        return (self.table, self.expression.column, self.index, self.archive_table, *optional, *self.order_by, *self.ignored_columns)

    @property
    def sql_name(self) -> str:
        """The table as SQL takes it; without a schema the database's search path finds it."""
        return ".".join(quoted(part) for part in (self.schema, self.table) if part)


def default_index(table: str, path: tuple[str, ...]) -> str:
    """The name of the index where none is given, such as uq_audit_log_event_id."""
    name = f"uq_{table}_{path[-1] if path else ''}".replace("$", "_")
    return name.encode()[:MAX_NAME_LENGTH].decode(errors="ignore")


def _problems(options: DedupOptions) -> list[tuple[bool, str]]:
    path = options.expression.path
    return [
        (not path or not all(path), "path: must name at least one key, and no empty one, for example [event_id]."),
        (any("\0" in key for key in (*path, *options.ignored_keys)), "path, ignored_keys: a key must not contain the character NUL."),
        (not options.order_by, "order_by: must name the columns that say which row is the oldest, for example [timestamp]."),
        (options.batch_size < 1, "batch_size: must be at least 1."),
        (options.index_timeout < 1, "index_timeout: must be at least 1 second."),
        (options.archive_table == options.table, "archive_table: must not be the table itself."),
        (options.state == PRESENT and bool(options.archive_id), "archive_id: only valid with state: restored. A run creates its own."),
    ]  # fmt: skip
