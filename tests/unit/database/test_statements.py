# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names, transaction settings, and what errors mean."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.errors import database_error
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import (
    DatabaseError,
    Limits,
    Result,
    Statement,
    quoted,
    require_writable,
    settings,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError


@pytest.mark.parametrize(("name", "sql"), [("jwks", '"jwks"'), ("privateKey", '"privateKey"'), ('a"; DROP TABLE x', '"a""; DROP TABLE x"')])
def test_names(name, sql):
    assert quoted(name) == sql


@pytest.mark.parametrize("name", ["", "x" * 64, "ü" * 32, "a\0b", "a$1"])
def test_what_is_no_name(name):
    with pytest.raises(RunbookError, match="is not a valid name"):
        quoted(name)


def test_a_transaction_that_only_reads_can_not_write():
    assert settings(Limits(), write=False)[0].endswith("READ ONLY")
    assert settings(Limits(statement=7, lock=3), write=True)[:3] == [
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET LOCAL statement_timeout = '7s'", "SET LOCAL lock_timeout = '3s'",
    ]  # fmt: skip


def test_parameters_are_not_shown():
    assert "hunter2" not in repr(Statement("SELECT $1::text", ("hunter2",)))


@pytest.mark.parametrize(
    ("message", "sqlstate", "step"),
    [
        ('relation "jwks" does not exist\nLINE 1: …', "42P01", "let the application create the table first"),
        ('column "privateKey" does not exist', "42703", "option columns"),
        ("permission denied for table jwks", "42501", "GRANT"),
        ("canceling statement due to statement timeout", "57014", "statement_timeout"),
        ("canceling statement due to lock timeout", "55P03", "lock_timeout"),
        ("could not extend file: No space left on device", "53100", "lacks disk space"),
        ("the database system is starting up", "57P03", "when it is up"),
        ("cannot execute INSERT in a read-only transaction", "25006", "default_transaction_read_only"),
        ('connection to server at "db" failed: FATAL:  database "x" does not exist', "", "create the database"),
        ("FATAL:  sorry, too many clients already", "", "max_connections"),
        ("FATAL:  the database system is starting up", "", "when it is up"),
        ("something rare", "XX000", "SQLSTATE XX000"),
        ('connection to server at "db" failed: session is read-only', "", "use the address of the primary"),
        ("connection failed: server is in hot standby mode", "", "use the address of the primary"),
        ("cannot set transaction read-write mode during recovery", "0A000", "use the address of the primary"),
        ("cannot execute LOCK TABLE during recovery", "25006", "use the address of the primary"),
        ("connection failed: server is not in hot standby mode", "", "remove target_session_attrs"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "", "max_connections"),
        ('FATAL:  too many connections for role "u"', "53300", "connection limit of the role"),
        ("no more connections allowed (max_client_conn)", "08P01", "the pooler"),
        ("query_wait_timeout", "08P01", "the pooler"),
        ("MaxClientsInSessionMode: max clients reached", "XX000", "the pooler"),
        ("no such database: x", "08P01", "create the database"),
        ("transaction blocks not allowed in statement pooling mode", "08P01", "pool_mode"),
        ("SASL authentication failed", "08P01", "Correct user and password"),
        ("Tenant or user not found", "XX000", "Correct user and password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "x", no encryption', "28000", "sslmode=require"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "x", SSL on', "28000", "Allow the user and this address"),
        ("connection requires a valid client certificate", "28000", "sslcert and sslkey"),
        ('root certificate file "/ca.pem" does not exist', "", "must be on the machine that connects"),
        ('weak sslmode "prefer" may not be used with sslnegotiation=direct', "", "Correct this parameter"),
        ('invalid dsn: invalid connection option "sslnegotiation"', "", "update the driver"),
        ('FATAL:  permission denied for database "x"', "", "GRANT"),
        ('FATAL:  database "x" is not currently accepting connections', "", "ALLOW_CONNECTIONS"),
        ('FATAL:  role "u" is not permitted to log in', "", "ALTER ROLE"),
        ("received invalid response to SSL negotiation: H", "", "Something other than PostgreSQL"),
        ("expected authentication request from server, but received H", "", "Something other than PostgreSQL"),
        ("channel binding required, but SSL not in use", "", "channel_binding"),
        ("connect EHOSTUNREACH 10.0.0.1:5432", "", "via: port_forward"),
        ('connection to server at "10.0.0.1", port 5432 failed: No route to host', "", "via: port_forward"),
        ("SSL connection has been closed unexpectedly", "", "The connection was lost"),
        ("server closed the connection unexpectedly", "", "The connection was lost"),
        ("Connection terminated unexpectedly", "", "The connection was lost"),
        ("SSL error: unexpected eof while reading", "", "The connection was lost"),
        ("SSL error: certificate verify failed", "", "sslrootcert"),
        ("connection is insecure (try using `sslmode=require`)", "08P01", "requires TLS"),
        ('connection failed: FATAL:  password authentication failed for user "u"', "", "Correct user and password"),
        ('connection is bad: could not translate host name "db" to address', "", "via: pod"),
        ("getaddrinfo ENOTFOUND db", "", "via: port_forward"),
        ("connect ECONNREFUSED 10.0.0.1:5432", "", "Nothing listens"),
        ("connection timeout expired: timed out", "", "There is no answer"),
        ("server does not support SSL, but SSL was required", "", "Enable it there"),
        ('server certificate for "a" does not match host name "b"', "", "sslrootcert"),
    ],
)
def test_every_error_has_a_next_step(message, sqlstate, step):
    error = database_error(message, sqlstate, "The database")
    assert step in str(error)
    assert str(error).startswith("The database: ") and "LINE" not in str(error)
    assert error.sqlstate == sqlstate


def test_a_password_in_a_driver_s_message_is_left_out():
    for account in ("u:hunter2", "u:hun/ter2", "u:hun@ter2", "u:hun ter2", ":hunter2"):
        message = str(database_error(f"invalid dsn: postgresql://{account}@db/x", "", "The database"))
        assert "hun" not in message and "ter2" not in message


@pytest.mark.parametrize(
    "message",
    [
        'FATAL:  password authentication failed for user "hunter2"', 'FATAL:  role "hunter2" does not exist', "no such user: hunter2",
        'no pg_hba.conf entry for host "10.0.0.1", user "hunter2", database "x", no encryption', 'role "hunter2" is not permitted to log in',
    ],
)  # fmt: skip
def test_the_user_of_the_url_is_left_out(message):
    assert "hunter2" not in str(database_error(message, "28000", "The database")) and "hunter2" not in str(database_error(message, "", "The database"))


def test_of_several_addresses_the_line_with_the_cause_is_shown():
    refused = "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?"
    causes = {"::1": refused, "10.0.0.1": 'FATAL:  database "x" does not exist'}
    attempts = [f'connection to server at "db" ({where}), port 5432 failed: {why}' for where, why in causes.items()]
    message = str(database_error("\n".join(attempts), "", "The database"))
    assert message.startswith('The database: connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  database "x" does not exist. Correct')


@pytest.mark.parametrize(
    ("sqlstate", "unknown"),
    [
        ("", True), ("08006", True), ("08P01", True), ("57P01", True), ("40003", True), ("53100", True), ("58000", True), ("XX000", True),
        ("23505", False), ("40001", False), ("57014", False),
    ],
)  # fmt: skip
def test_a_commit_whose_answer_is_lost(sqlstate, unknown):
    assert database_error("gone", sqlstate, "The database", committing=True).unknown is unknown
    assert not database_error("gone", sqlstate, "The database").unknown


class Answers:
    """A database that answers every query with one row."""

    where = "The database"

    def __init__(self, **row):
        self.row = row

    def run(self, _statements, write):
        assert not write
        return [Result(1, [self.row])]


@pytest.mark.parametrize(("row", "words"), [({"read_only": "on"}, "default_transaction_read_only"), ({"standby": "true"}, "is a standby")])
def test_a_database_that_may_not_be_written(row, words):
    require_writable(Answers(read_only="off", standby="false"))
    with pytest.raises(DatabaseError, match=f"{words}.*Nothing was changed") as refused:
        require_writable(Answers(**{"read_only": "off", "standby": "false", **row}))
    assert refused.value.sqlstate == "25006"
