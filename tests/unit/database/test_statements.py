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
        ("the database system is starting up", "57P03", "when it is up"),
        ("cannot execute INSERT in a read-only transaction", "25006", "default_transaction_read_only"),
        ('connection to server at "db" failed: FATAL:  database "x" does not exist', "", "create the database"),
        ("FATAL:  sorry, too many clients already", "", "max_connections"),
        ("FATAL:  the database system is starting up", "", "when it is up"),
        ("something rare", "XX000", "SQLSTATE XX000"),
        ('connection failed: FATAL:  password authentication failed for user "u"', "", "Correct user and password"),
        ('connection is bad: could not translate host name "db" to address', "", "via: pod"),
        ("getaddrinfo ENOTFOUND db", "", "via: port_forward"),
        ("connect ECONNREFUSED 10.0.0.1:5432", "", "Nothing listens"),
        ("connection timeout expired: timed out", "", "does not answer"),
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


@pytest.mark.parametrize(("sqlstate", "unknown"), [("", True), ("08006", True), ("57P01", True), ("23505", False), ("40001", False)])
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
