# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables with events for the tests of event_dedup, and the module on them."""

from __future__ import annotations

from addresses import url
from in_process import run_here

AUDIT_LOG = "CREATE TABLE audit_log (id int PRIMARY KEY, event_type text NOT NULL, timestamp timestamptz NOT NULL, details jsonb NOT NULL)"


def insert(number: int, event_id: str | None, seconds: float, table: str = "audit_log") -> str:
    """An event of a task, written that many seconds after noon."""
    details = '{"title": "milk"' + (f', "event_id": "{event_id}"' if event_id else "") + "}"
    return f"INSERT INTO {table} VALUES ({number}, 'task.created', timestamptz '2025-03-01 12:00:00+00' + interval '{seconds} seconds', '{details}')"


def dedup(where, database: str, check: bool = False, account: dict | None = None, query: str = "", statement_timeout: int = 30, **options) -> dict:
    """The module's result. ``where``: a server or a pooler."""
    place = {"url": url(where.port, database, query, **(account or {})), "via": "direct", "statement_timeout": statement_timeout}
    return run_here("event_dedup", check, database=place, **{"table": "audit_log", **options})


def succeeded(*where, **options) -> dict:
    found = dedup(*where, **options)
    assert not found["failed"], found
    return found


def refused(*where, **options) -> dict:
    found = dedup(*where, **options)
    assert found["failed"] and not found.get("changed"), found
    return found


def stored(server, database: str, table: str = "audit_log") -> list[tuple]:
    return server.sql(database, f"SELECT * FROM {table} ORDER BY 1")


def ids(server, database: str, table: str = "audit_log") -> list:
    return [row[0] for row in server.sql(database, f"SELECT id FROM {table} ORDER BY id")]


def indexes(server, database: str) -> list[tuple]:
    """The unique indexes over expressions, and whether they are valid."""
    return server.sql(
        database, "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indisunique AND indexprs IS NOT NULL AND indrelid > 16384 ORDER BY 1"
    )
