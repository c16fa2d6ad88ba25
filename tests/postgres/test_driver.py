# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's way to a real database: what it sends, checks, refuses, and reports where it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
from addresses import direct, opened, tunnelled, url
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import (
    CountError,
    DatabaseError,
    Statement,
    require_writable,
    rows,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from certificates import Authority
from line import CutAfterCommit
from servers import NAME, PASSWORD

SLEEPER = Path(__file__).parent / "sleeper.py"
PATIENCE = 30
ONE = Statement("INSERT INTO t VALUES ($1::text)", ("x",), count=1)


@pytest.fixture
def table(server, database):
    """An empty table t in the test's database."""
    server.sql(database, "CREATE TABLE t (a text)")
    return database


def stored(server, database) -> list[str]:
    return [row[0] for row in server.sql(database, "SELECT a FROM t ORDER BY a")]


def test_values_come_back_as_they_went_in(server, database):
    sql = """SELECT $1::text AS "50%", '$ba$1$' || '%' AS literal, $$ $1 % $$ AS dollars, 7 % 4 || '' AS rest, $2::text AS none -- $3 it's"""
    found = rows(direct(server.port, database), sql, "it's \\ 100% $1 %(p1)s 🔑", None)
    assert found == [{"50%": "it's \\ 100% $1 %(p1)s 🔑", "literal": "$ba$1$%", "dollars": " $1 % ", "rest": "3", "none": None}]


def test_all_or_nothing(server, table):
    way = direct(server.port, table)
    with pytest.raises(CountError):
        way.run([ONE, Statement("UPDATE t SET a = 'y' WHERE a = 'z'", count=1)], write=True)
    assert stored(server, table) == []
    with pytest.raises(DatabaseError) as failed:
        way.run([ONE, Statement("INSERT INTO nowhere VALUES ('hunter3')")], write=True)
    assert (failed.value.sqlstate, failed.value.unknown) == ("42P01", False)
    assert stored(server, table) == []
    assert way.run([ONE, ONE], write=True)[1].count == 1
    assert stored(server, table) == ["x", "x"]


def test_what_only_reads_can_not_write(server, table):
    with pytest.raises(DatabaseError) as failed:
        direct(server.port, table).run([ONE], write=False)
    assert failed.value.sqlstate == "25006"


def test_a_failure_shows_no_value(server, table):
    value = "-".join(["planted", "value"])  # so that it is not in the lines that a traceback shows
    with pytest.raises(DatabaseError, match="nowhere") as failed:
        direct(server.port, table).run([Statement("SELECT $1::text, nowhere", (value,))], write=True)
    assert value not in "".join(traceback.format_exception(failed.value))


def test_connections_are_closed(server, table):
    way = direct(server.port, table)
    for _time in range(3):
        way.run([ONE], write=True)
        with pytest.raises(DatabaseError):
            way.run([Statement("SELECT 1/0")], write=False)
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'runbook.minikube'"
    await_rows(server, table, others, [(0,)])


def await_rows(server, database, sql, wanted) -> None:
    until = time.monotonic() + PATIENCE
    while (found := server.sql(database, sql)) != wanted:
        assert time.monotonic() < until, found
        time.sleep(0.05)


# TLS


def test_the_certificate_is_checked_against_the_real_name_through_a_forward(server, database, authority, tmp_path):
    query = f"sslmode=verify-full&sslrootcert={authority.file(tmp_path)}"
    way = tunnelled(server.port, database, query, NAME)
    assert rows(way, "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [{"ssl": "true"}]
    with pytest.raises(DatabaseError, match=f'certificate for "{NAME}".* does not match host name "other.test".* Correct sslrootcert'):
        rows(tunnelled(server.port, database, query, "other.test"), "SELECT 1")


def test_a_foreign_authority_is_refused(server, database, tmp_path):
    query = f"sslmode=verify-full&sslrootcert={Authority('foreign').file(tmp_path)}"
    with pytest.raises(DatabaseError, match="certificate verify failed"):
        rows(tunnelled(server.port, database, query, NAME), "SELECT 1")


@pytest.mark.parametrize("query", ["sslmode=verify-full&sslrootcert=system", "ssl=true"])
def test_the_system_s_authorities(server, database, authority, tmp_path, monkeypatch, query):
    with pytest.raises(DatabaseError, match="certificate verify failed"):
        rows(tunnelled(server.port, database, query, NAME), "SELECT 1")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file(tmp_path)))
    assert rows(tunnelled(server.port, database, query, NAME), "SELECT 'x'::text AS a") == [{"a": "x"}]


@pytest.mark.parametrize(("issuer", "query", "accepted"), [("foreign", "sslmode=require", True), ("right", "sslmode=verify-full", False)])
def test_this_user_s_own_authorities_are_not_used(server, database, authority, tmp_path, monkeypatch, issuer, query, accepted):
    folder = tmp_path / ".postgresql"
    folder.mkdir()
    (authority if issuer == "right" else Authority(issuer)).file(tmp_path).rename(folder / "root.crt")
    monkeypatch.setenv("HOME", str(tmp_path))
    way = tunnelled(server.port, database, query, NAME)
    if accepted:
        assert rows(way, "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [{"ssl": "true"}]
    else:
        with pytest.raises(DatabaseError, match="certificate verify failed"):
            rows(way, "SELECT 1")


# Where


def test_the_schema_of_the_url_is_the_one_that_is_written(server, database):
    server.sql(database, "CREATE TABLE t (a text)", "CREATE SCHEMA auth", "CREATE TABLE auth.t (a text)")
    with opened(url(server.port, database, "schema=auth")) as way:
        way.run([ONE], write=True)
    assert stored(server, database) == []
    assert server.sql(database, "SELECT a FROM auth.t") == [("x",)]
    with pytest.raises(RunbookError, match="^schema: "), opened(url(server.port, database, "schema=auth"), schema="public"):
        raise AssertionError("it was opened")


def test_a_table_of_another_schema_is_not_found_instead(server, database):
    server.sql(database, "CREATE TABLE t (a text)", "CREATE SCHEMA auth")
    with opened(url(server.port, database, "schema=auth")) as way, pytest.raises(DatabaseError) as failed:
        way.run([ONE], write=True)
    assert failed.value.sqlstate == "42P01"


def test_this_machine_s_own_settings_are_not_used(server, table, tmp_path, monkeypatch):
    for name, value in {"PGHOST": "nowhere.test", "PGPORT": "1", "PGDATABASE": "nowhere", "PGOPTIONS": "-c nowhere=1", "PGSERVICE": "nowhere"}.items():
        monkeypatch.setenv(name, value)
    direct(server.port, table).run([ONE], write=True)
    assert stored_without_environment(server, table, monkeypatch) == ["x"]


def stored_without_environment(server, database, monkeypatch) -> list[str]:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    return stored(server, database)


@pytest.mark.parametrize("source", ["PGPASSWORD", "PGPASSFILE", "HOME"])
def test_this_machine_s_own_password_is_not_used(server, database, tmp_path, monkeypatch, source):
    file = tmp_path / ".pgpass"
    file.write_text(f"*:*:*:*:{PASSWORD.replace(':', chr(92) + ':')}\n")
    file.chmod(0o600)
    monkeypatch.setenv(source, {"PGPASSWORD": PASSWORD, "PGPASSFILE": str(file), "HOME": str(tmp_path)}[source])
    with opened(f"postgresql://owner@127.0.0.1:{server.port}/{database}") as way, pytest.raises(DatabaseError, match="no password supplied"):
        rows(way, "SELECT 1")


# Read only


@pytest.mark.parametrize("place", ["url", "role", "database"])
def test_what_is_set_to_read_only_is_not_written(server, table, place):
    query = "options=-c%20default_transaction_read_only%3Don" if place == "url" else ""
    user = "owner"
    if place == "role":
        user = f"reader_{table}"
        server.sql(table, f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{PASSWORD}'", f"ALTER ROLE {user} SET default_transaction_read_only = on")
    if place == "database":
        server.sql("postgres", f"ALTER DATABASE {table} SET default_transaction_read_only = on")
    try:
        with opened(url(server.port, table, query, user=user)) as way:
            with pytest.raises(DatabaseError, match="default_transaction_read_only.*ALTER ROLE"):
                require_writable(way)
            with pytest.raises(DatabaseError, match="read-only transaction.*default_transaction_read_only") as failed:
                way.run([ONE], write=True)
        assert failed.value.sqlstate == "25006"
        assert stored(server, table) == []
    finally:
        if place == "role":
            server.sql(table, f"DROP ROLE {user}")


# Ends


def test_a_commit_whose_answer_is_lost_is_reported_as_unknown(server, table):
    with CutAfterCommit(server.port) as line, pytest.raises(DatabaseError) as failed:
        direct(line.port, table, "sslmode=disable").run([ONE], write=True)
    assert failed.value.unknown
    await_rows(server, table, "SELECT a FROM t", [("x",)])  # as a matter of fact it was done


def test_a_connection_that_breaks_before_is_known_to_have_done_nothing(server, table):
    broken = Statement("SELECT pg_terminate_backend(pg_backend_pid())::text")
    with pytest.raises(DatabaseError) as failed:
        direct(server.port, table).run([ONE, broken], write=True)
    assert not failed.value.unknown
    assert stored(server, table) == []


def test_ctrl_c_ends_a_query(server, database):
    address = url(server.port, database)
    asleep = "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, str(SLEEPER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        process.stdin.write(address + "\n")
        process.stdin.flush()
        await_rows(server, database, asleep, [(1,)])
        process.send_signal(signal.SIGINT)
        output, _nothing = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert output == "interrupted\n"  # and not an error of the database
    await_rows(server, database, asleep, [(0,)])


def test_a_server_that_does_not_answer(database):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent, opened(url(silent.getsockname()[1], database), connect_timeout=1) as way:
        with pytest.raises(DatabaseError, match="timeout expired.* There is no answer"):
            rows(way, "SELECT 1")


@pytest.mark.parametrize("query", ["", "sslmode=nonsense", "sslmode=require&channel_binding=nonsense", "keepalives=x", "sslmode=disable"])
def test_no_message_shows_the_password(server, query):
    wrong = "wrong-hun/ter2#x?y"
    address = f"postgresql+psycopg2://owner:{wrong}@127.0.0.1:{server.port}/nowhere?{query}"
    with pytest.raises(RunbookError) as failed, opened(address) as way:
        rows(way, "SELECT 1")
    output = "".join(traceback.format_exception(failed.value))
    assert "hun" not in output and "ter2" not in output and "owner" not in output
    if not query:
        assert "password authentication failed" in output and "Correct user and password" in output
