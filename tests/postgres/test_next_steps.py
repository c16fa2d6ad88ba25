# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What real servers answer where a database can't be used, and the next step that the message names for it."""

from __future__ import annotations

import json
import time

import pytest
from addresses import direct, opened, url
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import (
    DatabaseError,
    Statement,
    require_writable,
    rows,
)
from fake_keys import REAL
from in_process import run_here
from servers import PASSWORD
from test_pooler import TABLE, insert

PATIENCE = 30
ONE = Statement("INSERT INTO t VALUES ('x')", count=1)
PRIMARY = "use the address of the primary"


@pytest.fixture
def followed(server, standby, database):
    """A database with keys of which one can't be read, once the standby has it too."""
    server.sql(database, "CREATE TABLE t (a text)", TABLE, insert("works", "bare", 1), insert("lost", "bare_unicode", 2))
    (written,) = server.sql(database, "SELECT pg_current_wal_insert_lsn()::text")
    until = time.monotonic() + PATIENCE
    while standby.sql("postgres", f"SELECT pg_last_wal_replay_lsn() >= '{written[0]}'") != [(True,)]:
        assert time.monotonic() < until
        time.sleep(0.05)
    return database


def test_a_standby_is_read_and_not_written(server, standby, followed):
    way = direct(standby.port, followed)
    assert rows(way, "SELECT count(*)::text AS n FROM jwks") == [{"n": "2"}]
    with pytest.raises(DatabaseError, match=f"is a standby, which is read only: {PRIMARY}. Nothing was changed"):
        require_writable(way)
    for sql in ("INSERT INTO t VALUES ('x')", "LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE"):
        with pytest.raises(DatabaseError, match=PRIMARY) as failed:
            way.run([Statement(sql)], write=True)
        assert not failed.value.unknown
    assert server.sql(followed, "SELECT a FROM t") == []


@pytest.mark.parametrize("check", [False, True])
def test_the_modules_do_not_write_a_standby(standby, followed, check):
    parameters = {"database": {"url": url(standby.port, followed), "via": "direct"}, "secret": {"value": REAL["secrets"]["A"]}}
    for name, options in (("jwks_cleanup", {}), ("auth_reencrypt", {"force": True, "old_secrets": [{"value": REAL["secrets"]["B"]}]})):
        refused = run_here(name, check, **parameters, **options)
        assert refused["failed"] and PRIMARY in refused["msg"] and not refused.get("changed"), refused
        assert PASSWORD not in json.dumps(refused)


@pytest.mark.parametrize("wanted", ["read-write", "primary"])
def test_a_url_that_asks_for_a_primary(standby, wanted):
    with pytest.raises(DatabaseError, match=PRIMARY):
        rows(direct(standby.port, "postgres", f"target_session_attrs={wanted}"), "SELECT 1")


def test_a_url_that_asks_for_a_standby(server):
    with pytest.raises(DatabaseError, match="remove target_session_attrs"):
        rows(direct(server.port, "postgres", "target_session_attrs=standby"), "SELECT 1")


@pytest.mark.parametrize("through", ["server", "pooler"])
def test_a_database_that_does_not_exist(through, request):
    with pytest.raises(DatabaseError, match=r'database "nowhere" does not exist.* Correct the database\'s name in its URL'):
        rows(direct(request.getfixturevalue(through).port, "nowhere"), "SELECT 1")


def test_too_many_connections(server, database):
    role = f"busy_{database}"
    server.sql("postgres", f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0 PASSWORD '{PASSWORD}'")
    try:
        with opened(url(server.port, database, user=role)) as way, pytest.raises(DatabaseError, match="connection limit of the role") as failed:
            rows(way, "SELECT 1")
        assert role not in str(failed.value)
        server.sql("postgres", f"ALTER DATABASE {database} CONNECTION LIMIT 0", f"ALTER ROLE {role} CONNECTION LIMIT -1")
        with opened(url(server.port, database, user=role)) as way, pytest.raises(DatabaseError, match=r"too many connections for database .*max_connections"):
            rows(way, "SELECT 1")
    finally:
        server.sql("postgres", f"DROP ROLE {role}")


def test_a_database_that_accepts_no_connections(server, database):
    server.sql("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    with pytest.raises(DatabaseError, match="not currently accepting connections.*ALLOW_CONNECTIONS"):
        rows(direct(server.port, database), "SELECT 1")


def test_a_user_who_may_not_log_in_or_connect(server, database):
    role = f"shut_{database}"
    server.sql("postgres", f"CREATE ROLE {role} NOLOGIN PASSWORD '{PASSWORD}'", f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    try:
        with opened(url(server.port, database, user=role)) as way:
            with pytest.raises(DatabaseError, match="is not permitted to log in.*ALTER ROLE"):
                rows(way, "SELECT 1")
            server.sql("postgres", f"ALTER ROLE {role} LOGIN")
            with pytest.raises(DatabaseError, match="permission denied for database.*GRANT"):
                rows(way, "SELECT 1")
    finally:
        server.sql("postgres", f"DROP ROLE {role}")


@pytest.mark.parametrize("through", ["server", "pooler"])
def test_a_wrong_password(through, request, database):
    with opened(url(request.getfixturevalue(through).port, database, password="wrong")) as way:
        with pytest.raises(DatabaseError, match="authentication failed.* Correct user and password in the database's URL") as failed:
            rows(way, "SELECT 1")
    assert "owner" not in str(failed.value) and "wrong" not in str(failed.value)


@pytest.mark.parametrize(
    ("query", "step"),
    [
        ("sslmode=verify-full&sslrootcert=/nowhere.pem", "the file must be on the machine that connects to the database"),
        ("sslrootcert=system&sslmode=require", "Correct this parameter in the URL"),
        ("keepalives=x", "Correct this parameter in the URL"),
        ("channel_binding=no", "Correct this parameter in the URL"),
    ],
)
def test_a_parameter_that_libpq_refuses(server, database, query, step):
    with pytest.raises(DatabaseError, match=step):
        rows(direct(server.port, database, query), "SELECT 1")


def test_a_connection_with_tls_that_breaks_is_not_taken_for_a_wrong_certificate(server, database):
    broken = Statement("SELECT pg_terminate_backend(pg_backend_pid())::text")
    with pytest.raises(DatabaseError) as failed:
        direct(server.port, database, "sslmode=require").run([ONE, broken], write=True)
    assert "certificate" not in str(failed.value) and not failed.value.unknown


@pytest.mark.parametrize(
    "wrapped", ["'{}'", "psql '{}'", "DATABASE_URL={}", " {} "], ids=["in quotes", "a command", "with its variable", "in blanks"]
)
def test_a_url_as_it_is_copied(server, followed, wrapped):
    value = wrapped.format(url(server.port, followed))
    result = run_here("jwks_info", database={"url": value, "via": "direct"}, secret={"value": REAL["secrets"]["A"]})
    assert result["failed"] == (wrapped != " {} "), result
    if result["failed"]:
        assert result["msg"].startswith("database.url ") and result["msg"].count(":") <= 3, result
    assert PASSWORD not in json.dumps(result) and "all?of" not in json.dumps(result)


def test_several_hosts(server, database):
    value = url(server.port, database).replace("@127.0.0.1", "@127.0.0.1:1,127.0.0.1")
    refused = run_here("jwks_info", database={"url": value, "via": "direct"}, secret={"value": REAL["secrets"]["A"]})
    assert refused["failed"] and "names several hosts" in refused["msg"] and "names only the primary" in refused["msg"], refused
