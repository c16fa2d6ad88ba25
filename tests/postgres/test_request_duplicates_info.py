# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows that one request created twice are told apart by the time between them, on a real PostgreSQL."""

from __future__ import annotations

import pytest
from addresses import url
from in_process import run_here

TASK = 'CREATE TABLE task (id int PRIMARY KEY, user_id text, title text, "created_at" timestamptz)'


def insert(number: int, user: str, title: str, seconds: float) -> str:
    return f"INSERT INTO task VALUES ({number}, '{user}', '{title}', timestamptz '2025-03-01 12:00:00+00' + interval '{seconds} seconds')"


@pytest.fixture
def tasks(server, database):
    """Two calls at once, a retry after 30 s, a second call of the model, a task of another user, and the same title two minutes later."""
    server.sql(
        database, TASK, insert(1, "u", "Milk", 0), insert(2, "u", " milk ", 0.003), insert(3, "v", "milk", 0.004), insert(4, "u", "Bread", 0),
        insert(5, "u", "Bread", 30.1), insert(6, "u", "Tea", 0), insert(7, "u", "Tea", 4), insert(8, "u", "Tea", 130),
    )  # fmt: skip
    return database


def info(server, database: str, **options) -> dict:
    place = {"url": url(server.port, database), "via": "direct"}
    return run_here("request_duplicates_info", **{"database": place, "table": "task", "columns": ["user_id", "title"], **options})


def test_each_kind_is_told_by_the_time(server, tasks):
    found = info(server, tasks)
    assert not found["failed"] and not found["changed"]
    assert [(one["row"], one["first"], one["kind"], one["gap"]) for one in found["rows"]] == [
        ("id=2", "id=1", "double_dispatch", 0.003), ("id=5", "id=4", "retry_after_timeout", 30.1), ("id=7", "id=6", "repeated_call", 4.0),
    ]  # fmt: skip
    assert (found["row_count"], found["kinds"]) == (3, {"double_dispatch": 1, "retry_after_timeout": 1, "repeated_call": 1})
    assert info(server, tasks, window=3)["row_count"] == 1


@pytest.mark.parametrize(("options", "message"), [
    ({"columns": ["nowhere"]}, "columns: public.task has no column nowhere"), ({"time_column": "nowhere"}, "time_column: public.task has no column nowhere"),
    ({"time_column": "title"}, "is no time"), ({"columns": []}, "columns: must name"), ({"window": 0}, "more than 0"), ({"table": "nowhere"}, "has no table"),
])  # fmt: skip
def test_what_can_not_be_read_is_named(server, tasks, options, message):
    found = info(server, tasks, **options)
    assert found["failed"] and message in found["msg"]
