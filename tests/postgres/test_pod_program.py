# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Python program that runs in a pod, with the real driver and a real database; the container is played."""

from __future__ import annotations

import traceback

import pytest
from addresses import url
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import pod
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import CountError, DatabaseError, Statement, rows
from played_pod import ways_in_pods
from servers import PASSWORD

ONE = Statement("INSERT INTO t VALUES ($1::text || '%' || '$ba$1$')", ("x",), count=1)


@pytest.fixture
def in_pod(monkeypatch):
    return ways_in_pods(monkeypatch)


def test_through_a_pooler_with_the_schema_of_the_url(server, pooler, database, in_pod):
    server.sql(database, "CREATE TABLE t (a text)", "CREATE SCHEMA auth", "CREATE TABLE auth.t (a text)")
    way = in_pod(url(pooler.port, database, "schema=auth&pgbouncer=true").replace("postgresql:", "postgresql+asyncpg:"))
    for _round in range(3):
        way.run([ONE] * 8, write=True)
        with pytest.raises(CountError):
            way.run([ONE, Statement("UPDATE t SET a = '' WHERE a = ''", count=1)], write=True)
    assert rows(way, "SELECT DISTINCT a FROM t") == [{"a": "x%$ba$1$"}]
    assert server.sql(database, "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM auth.t)") == [(0, 24)]


def test_a_schema_that_contradicts_the_option(server, database, in_pod):
    with pytest.raises(DatabaseError, match="names the schema auth, but the option schema is public"):
        rows(in_pod(url(server.port, database, "schema=auth"), schema="public"), "SELECT 1")


@pytest.mark.parametrize("name", ["127.0.0.1", "a b", "127.0.0.1:hunter2", "x@127.0.0.1"])
def test_no_message_shows_the_password(server, in_pod, name):
    with pytest.raises(DatabaseError) as failed:
        rows(in_pod(url(server.port, "nowhere", host=name)), "SELECT 1")
    output = "".join(traceback.format_exception(failed.value))
    assert PASSWORD not in output and "hunter2" not in output and "all?of" not in output and "owner" not in output


def test_a_write_whose_end_is_not_reported_is_sent_to_no_second_program(server, database, in_pod, monkeypatch):
    server.sql(database, "CREATE TABLE t (a text)")
    way = in_pod(url(server.port, database))
    run_python = pod.execute

    def execute(_cluster, _name, _namespace, _container, command, stdin, timeout):
        done = run_python(None, "p", "n", "c", ["python3", *command[1:]] if command[0] == "python" else command, stdin, timeout)
        if command[0] == "python3" and b"INSERT" in stdin:
            return Execution(None, b"", b"", "context deadline exceeded")
        return done

    monkeypatch.setattr(pod, "execute", execute)
    with pytest.raises(DatabaseError, match="gave no answer: context deadline exceeded") as failed:
        way.run([ONE], write=True)
    assert failed.value.unknown
    assert server.sql(database, "SELECT count(*) FROM t") == [(1,)]


def test_a_standby_is_not_written(server, standby, in_pod):
    with pytest.raises(DatabaseError, match="use the address of the primary"):
        in_pod(url(standby.port, "postgres")).run([Statement("CREATE TABLE t (a text)")], write=True)


def test_of_the_lines_of_libpq_the_one_with_the_cause_is_shown(server, in_pod):
    with pytest.raises(DatabaseError, match=r'database "nowhere" does not exist. Correct the database\'s name'):
        rows(in_pod(url(server.port, "nowhere", host="localhost")), "SELECT 1")


def test_what_is_set_to_read_only_is_not_written(server, database, in_pod):
    server.sql(database, "CREATE TABLE t (a text)", f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with pytest.raises(DatabaseError, match="default_transaction_read_only") as failed:
        in_pod(url(server.port, database)).run([ONE], write=True)
    assert failed.value.sqlstate == "25006"
