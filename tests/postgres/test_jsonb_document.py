# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The statements of docs/jsonb.md run, and the plans are as it says."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg2
import pytest

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/jsonb.md").read_text()
STATEMENTS = [one.strip() for block in re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL) for one in block.split(";") if one.strip()]
TABLES = [re.findall(r"^\| `(.+?)` \| (.+?) \|", table, re.MULTILINE) for table in DOCUMENT.split("| condition | index | because |\n|---|---|---|\n")[1:]]
ROWS = (
    "INSERT INTO audit_log (event_type, details) SELECT 'task.created', jsonb_build_object('event_id', 'e-' || n, 'event_type', 'task.created', 'amount', n, "
    "'data', jsonb_build_object('task_id', 't-' || n)) || CASE WHEN n = 17 THEN '{\"rare\": true}'::jsonb ELSE '{}' END FROM generate_series(1, 20000) AS n"
)
CHANGE_INDEX = STATEMENTS.index("DROP INDEX by_content")


def statement(start: str) -> str:
    return next(one for one in STATEMENTS if one.startswith(start))


@pytest.fixture
def described(server, database):
    """The table of the document with rows, and its first indexes."""
    server.sql(database, *STATEMENTS[:CHANGE_INDEX], ROWS, "VACUUM ANALYZE audit_log")
    return database


def serving(server, database: str, condition: str) -> set[str]:
    """The indexes in the plan for a condition."""
    plan = server.sql(database, f"EXPLAIN SELECT id FROM audit_log WHERE {condition}")
    return set(re.findall(r"Index (?:Only )?Scan (?:using |on )(\w+)", "\n".join(row[0] for row in plan)))


def test_the_indexes_serve_the_conditions_that_the_document_says(server, described):
    first, second = TABLES
    assert (len(first), len(second)) == (12, 4)
    for table in (first, second):
        if table is second:
            server.sql(described, *STATEMENTS[CHANGE_INDEX : CHANGE_INDEX + 2], "VACUUM ANALYZE audit_log")
        observed = {condition: serving(server, described, condition) for condition, _index in table}
        assert observed == {condition: set() if index == "none" else {index.strip("`")} for condition, index in table}


def test_a_key_may_exist_without_a_value(server, database):
    assert server.sql(database, statement("SELECT details ? ")) == [(True, False)] and "| true | false |" in DOCUMENT


def test_an_insert_tells_whether_the_event_was_new(server, described):
    insert = statement("INSERT INTO audit_log")
    assert (len(server.sql(described, insert)), server.sql(described, insert)) == (1, [])
    with pytest.raises(psycopg2.errors.InvalidColumnReference):
        server.sql(described, insert.replace("((details ->> 'event_id'))", "((details #>> '{event_id}'))"))
    anyhow = re.sub(r"ON CONFLICT .* DO NOTHING", "ON CONFLICT DO NOTHING", insert)
    assert server.sql(described, anyhow) == []


def test_an_index_that_could_not_be_built_is_accepted_as_present(server, database):
    server.sql(database, statement("CREATE TABLE"), *["INSERT INTO audit_log (event_type, details) VALUES ('x', '{\"event_id\": \"e\"}')"] * 2)
    create = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS by_event_id ON audit_log ((details ->> 'event_id'))"
    with pytest.raises(psycopg2.errors.UniqueViolation):
        server.sql(database, create)
    server.sql(database, create)
    assert server.sql(database, statement("SELECT indexrelid")) == [("by_event_id",)]


def test_the_type_json_has_no_operator_for_keys(server, database):
    for condition in ("'{}'::json ? 'a'", "'{}'::json @> '{}'"):
        with pytest.raises(psycopg2.errors.UndefinedFunction):
            server.sql(database, f"SELECT {condition}")
