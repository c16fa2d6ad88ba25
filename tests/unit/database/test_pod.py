# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way through a pod: what is sent, which program answers, and the Python program against a played driver."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import CUT_OFF, Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import pod
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.drivers import FOR_PYTHON, PYTHON
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.portable import INVALID, for_psycopg2
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import CountError, DatabaseError, Limits, Statement

STATEMENT = Statement("UPDATE t SET a = $1::text WHERE b = $2::text OR c LIKE 'x%'", ("it's", None), count=1)


def answer(**result):
    return Execution(0, json.dumps(result).encode(), b"")


@pytest.fixture(name="container")
def played(monkeypatch):
    """A container's programs: name to what they answer. ``requests`` collects (program, task)."""
    programs, requests = {}, []

    def play(_cluster, name, namespace, container, command, stdin, timeout):
        assert (name, namespace, container) == ("p", "n", "c") and timeout > 30 and stdin.endswith(b"\n")
        requests.append((command[0], json.loads(stdin)))
        outcome = programs.get(command[0], Execution(127, b"", b""))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(pod, "execute", play)
    programs["requests"] = requests
    return programs


def run(*statements, write=True):
    return database().run(list(statements or [STATEMENT]), write)


def database():
    return pod.PodDatabase(None, "n", "p", "c", "DATABASE_URL", None, Limits())


def test_statements_go_in_and_rows_come_out(container):
    container["node"] = answer(results=[{"count": 1, "rows": [{"a": "x", "b": None}]}])
    (result,) = run()
    assert (result.count, result.rows) == (1, [{"a": "x", "b": None}])
    (program, task) = container["requests"][0]
    assert program == "node"
    (sent,) = task["statements"]
    assert (sent["sql"], sent["parameters"], sent["count"]) == (STATEMENT.sql, ["it's", None], 1)
    assert sent["sql_for_psycopg2"] == "UPDATE t SET a = %(p1)s::text WHERE b = %(p2)s::text OR c LIKE 'x%%'"
    assert task["settings"][0] == "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
    assert task["url_env"] == "DATABASE_URL"


def test_the_program_that_can_answer_is_found_once(container):
    container["node"] = answer(no_driver="no pg")
    container["python3"] = answer(results=[{"count": 0, "rows": []}])
    found = database()
    found.run([STATEMENT], write=False)
    found.run([STATEMENT], write=False)
    assert [program for program, _task in container["requests"]] == ["node", "python3", "python3"]


@pytest.mark.parametrize(
    ("outcome", "kind", "words"),
    [
        (answer(wrong_count={"index": 0, "found": 0}), CountError, "affected 0 rows instead of 1"),
        (answer(no_url=True), DatabaseError, "Correct the option env"),
        (answer(refused="names several hosts"), DatabaseError, "the variable names several hosts"),
        (answer(error={"message": "permission denied", "sqlstate": "42501", "committing": False}), DatabaseError, "GRANT"),
        (answer(no_driver="no pg"), DatabaseError, r"missing: node with a driver \(no pg\), python3, python"),
        (Execution(137, b"", b"Killed"), DatabaseError, "ended with code 137: Killed"),
        (ApiError("forbidden", 403, "Forbidden"), DatabaseError, "the command in the container failed: forbidden"),
        (TimeoutError("late"), DatabaseError, "no answer within"),
    ],
)
def test_failures(container, outcome, kind, words):
    container["node"] = outcome
    with pytest.raises(kind, match=words):
        run()


def error(message, sqlstate, committing):
    return answer(error={"message": message, "sqlstate": sqlstate, "committing": committing})


@pytest.mark.parametrize(
    ("outcome", "unknown"),
    [
        (error("connect ECONNREFUSED", "", False), False),
        (error("Connection terminated unexpectedly", "", True), True),
        (error("terminating connection", "57P01", True), True),
        (error("violates foreign key constraint", "23503", True), False),
        (TimeoutError("late"), True),
        (Unreachable("the connection broke"), True),
        (Execution(None, b"", b"", CUT_OFF), True),
        (Execution(137, b"", b"Killed"), True),
        (ApiError("forbidden", 403, "Forbidden"), False),
    ],
)
def test_whether_it_is_known_that_nothing_was_written(container, outcome, unknown):
    container["node"] = outcome
    with pytest.raises(DatabaseError) as failed:
        run()
    assert failed.value.unknown is unknown
    assert len(container["requests"]) == 1  # no other program was requested to write it again
    with pytest.raises(DatabaseError) as failed:
        run(write=False)
    assert not failed.value.unknown


def test_an_account_in_the_output_of_a_program_is_left_out(container):
    container["node"] = Execution(1, b"", b"ValueError: postgresql://u:hun/ter2@db/x")
    with pytest.raises(DatabaseError, match=r"code 1: ValueError: postgresql://\*\*\*@db/x"):
        run()


DRIVER = '''
import json, sys
class Error(Exception):
    pgcode = "42P01"
class Cursor:
    description, rowcount = None, -1
    def execute(self, sql, parameters=None):
        sys.stderr.write(json.dumps([sql, parameters]) + "\\n")
        if "nowhere" in sql:
            raise Error("no such table")
        self.description, self.rowcount = ([("a",)], 2) if "SELECT" in sql else (None, 0)
    def fetchall(self):
        return [("1",), (None,)]
class Connection:
    def cursor(self):
        return Cursor()
    def commit(self):
        sys.stderr.write('"commit"\\n')
    def rollback(self):
        sys.stderr.write('"rollback"\\n')
def connect(**parameters):
    sys.stderr.write(json.dumps(parameters) + "\\n")
    return Connection()
'''


def program(tmp_path, *statements, url="postgresql+asyncpg://u:p/w@db/x?ssl=require&schema=auth&pgbouncer=true", schema=None):
    """Runs the Python program with a played driver: (its answer, what the driver was result)."""
    (tmp_path / "psycopg2.py").write_text(DRIVER)
    sent = [{"sql_for_psycopg2": for_psycopg2(one.sql), "parameters": one.parameters, "count": one.count} for one in statements]
    task = {"url_env": "DATABASE_URL", "schema": schema, "connect": 5, "settings": ["SET x"], "statements": sent, **FOR_PYTHON}
    environment = {"PYTHONPATH": str(tmp_path), "DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-c", PYTHON], input=json.dumps(task) + "\n", env=environment, text=True, capture_output=True, timeout=20, check=True
    )
    return json.loads(done.stdout), [json.loads(line) for line in done.stderr.splitlines()]


def test_the_python_program(tmp_path):
    result, driver = program(tmp_path, Statement("SELECT $1::text AS a, 'x%'", ("it's",)), Statement("UPDATE"))
    assert result == {"results": [{"count": 2, "rows": [{"a": "1"}, {"a": None}]}, {"count": 0, "rows": []}]}
    assert driver == [
        {"user": "u", "password": "p/w", "host": "db", "dbname": "x", "sslmode": "require", "connect_timeout": 5},
        ["SET x", None], ['SET LOCAL search_path TO "auth"', None], ["SELECT %(p1)s::text AS a, 'x%%'", {"p1": "it's"}], ["UPDATE", {}], "commit",
    ]  # fmt: skip


def test_the_python_program_takes_back_what_touched_other_rows(tmp_path):
    result, driver = program(tmp_path, Statement("UPDATE", count=1), Statement("never"))
    assert result == {"wrong_count": {"index": 0, "found": 0}}
    assert driver[-1] == "rollback"


def test_the_python_program_reports_errors(tmp_path):
    assert program(tmp_path, Statement("nowhere"))[0] == {
        "error": {"message": "no such table", "sqlstate": "42P01", "committing": False}
    }  # fmt: skip
    assert program(tmp_path, url="")[0] == {"no_url": True}
    assert program(tmp_path, url="postgresql://u:hunter2@db:x/y") == ({"refused": INVALID}, [])
    assert "results" in program(tmp_path, schema="auth")[0]
    result, driver = program(tmp_path, schema="public")
    assert result["refused"].startswith("names the schema auth, but the option schema is public") and not driver
