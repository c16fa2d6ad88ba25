# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way through a pod: what is sent, which program answers, and what is known of a write whose answer is lost."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import CUT_OFF, Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import pod
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import CountError, DatabaseError, Limits, Statement

STATEMENT = Statement("UPDATE t SET a = $1::text WHERE b = $2::text OR c LIKE 'x%'", ("it's", None), count=1)


def answer(**result):
    return Execution(0, json.dumps(result).encode(), b"")


@pytest.fixture(name="container")
def played(monkeypatch):
    """A container's programs: name to what they answer, or to a list of it. ``requests`` collects (program, task)."""
    programs, requests = {}, []

    def play(_cluster, name, namespace, container, command, stdin, timeout):
        assert (name, namespace, container) == ("p", "n", "c") and timeout > 20 and stdin.endswith(b"\n")
        requests.append((command[0], json.loads(stdin)))
        outcome = programs.get(command[0], Execution(127, b"", b""))
        if isinstance(outcome, list):
            outcome = outcome.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(pod, "execute", play)
    programs["requests"] = requests
    return programs


def database():
    return pod.PodDatabase(None, "n", "p", "c", "DATABASE_URL", None, Limits())


def run(container, outcome, write):
    """The result of a transaction whose program, found before, ends like that."""
    container["node"] = answer(results=[])
    found = database()
    found.run([], write=False)
    container["requests"].clear()
    container["node"] = outcome
    return found.run([STATEMENT], write)


def test_statements_go_in_and_rows_come_out(container):
    (result,) = run(container, answer(results=[{"count": 1, "rows": [{"a": "x", "b": None}]}]), write=True)
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
        (Execution(137, b"", b"Killed"), DatabaseError, "ended with code 137: Killed"),
        (ApiError("forbidden", 403, "Forbidden"), DatabaseError, "the command in the container failed: forbidden"),
        (TimeoutError("late"), DatabaseError, "no answer within"),
    ],
)
def test_failures(container, outcome, kind, words):
    with pytest.raises(kind, match=words):
        run(container, outcome, write=True)


@pytest.mark.parametrize("write", [False, True])
def test_a_container_without_a_program(container, write):
    container["node"] = answer(no_driver="no pg")
    with pytest.raises(DatabaseError, match=r"missing: node with a driver \(no pg\), python3, python") as failed:
        database().run([STATEMENT], write)
    assert not failed.value.unknown
    assert all(not task["statements"] for _program, task in container["requests"]) or not write


@pytest.mark.parametrize("lost", [Execution(None, b"", b"", "context deadline exceeded"), Execution(127, b"", b""), Execution(126, b"", b"")])
def test_a_first_write_is_sent_to_one_program_only(container, lost):
    container["node"] = [answer(results=[]), lost]
    container["python3"] = answer(results=[{"count": 1, "rows": []}])
    with pytest.raises(DatabaseError) as failed:
        database().run([STATEMENT], write=True)
    assert failed.value.unknown
    assert [(program, len(task["statements"])) for program, task in container["requests"]] == [("node", 0), ("node", 1)]


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
        (Execution(None, b"", b"", "context deadline exceeded"), True),
        (Execution(137, b"", b"Killed"), True),
        (ApiError("forbidden", 403, "Forbidden"), False),
    ],
)
def test_whether_it_is_known_that_nothing_was_written(container, outcome, unknown):
    with pytest.raises(DatabaseError) as failed:
        run(container, outcome, write=True)
    assert failed.value.unknown is unknown
    assert len(container["requests"]) == 1  # no other program was requested to write it again
    with pytest.raises(DatabaseError) as failed:
        run(container, outcome, write=False)
    assert not failed.value.unknown


def test_an_account_in_the_output_of_a_program_is_left_out(container):
    with pytest.raises(DatabaseError, match=r"code 1: ValueError: postgresql://\*\*\*@db/x"):
        run(container, Execution(1, b"", b"ValueError: postgresql://u:hun/ter2@db/x"), write=True)
