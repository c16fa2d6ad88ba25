# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names, transaction settings, and what errors mean."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.database.errors import explained
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Limits, Statement, quoted, settings
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError


@pytest.mark.parametrize(("name", "sql"), [("jwks", '"jwks"'), ("privateKey", '"privateKey"'), ('a"; DROP TABLE x', '"a""; DROP TABLE x"')])
def test_names(name, sql):
    assert quoted(name) == sql


@pytest.mark.parametrize("name", ["", "x" * 64, "ü" * 32, "a\0b", "a$1"])
def test_what_is_no_name(name):
    with pytest.raises(RunbookError, match="is no name"):
        quoted(name)


def test_a_transaction_that_only_reads_can_not_write():
    assert settings(Limits(), write=False)[0].endswith("READ ONLY")
    assert settings(Limits(statement=7, lock=3), write=True)[:3] == [
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE", "SET LOCAL statement_timeout = '7s'", "SET LOCAL lock_timeout = '3s'",
    ]  # fmt: skip


def test_parameters_are_not_shown():
    assert "hunter2" not in repr(Statement("SELECT $1::text", ("hunter2",)))


@pytest.mark.parametrize(
    ("message", "sqlstate", "step"),
    [
        ('relation "jwks" does not exist\nLINE 1: …', "42P01", "let the application make the table first"),
        ('column "privateKey" does not exist', "42703", "option columns"),
        ("permission denied for table jwks", "42501", "GRANT"),
        ("canceling statement due to statement timeout", "57014", "statement_timeout"),
        ("canceling statement due to lock timeout", "55P03", "lock_timeout"),
        ("the database system is starting up", "57P03", "when it is up"),
        ("something rare", "XX000", "SQLSTATE XX000"),
        ('connection failed: FATAL:  password authentication failed for user "u"', "", "Correct user and password"),
        ('connection is bad: could not translate host name "db" to address', "", "via: pod"),
        ("getaddrinfo ENOTFOUND db", "", "via: port_forward"),
        ("connect ECONNREFUSED 10.0.0.1:5432", "", "Nothing listens"),
        ("connection timeout expired: timed out", "", "does not answer"),
        ("server does not support SSL, but SSL was required", "", "Turn it on there"),
        ('server certificate for "a" does not match host name "b"', "", "sslrootcert"),
    ],
)
def test_every_error_has_a_next_step(message, sqlstate, step):
    error = explained(message, sqlstate, "The database")
    assert step in str(error)
    assert str(error).startswith("The database: ") and "LINE" not in str(error)
    assert error.sqlstate == sqlstate


def test_a_password_in_a_driver_s_message_is_left_out():
    assert "hunter2" not in str(explained("invalid dsn: postgresql://u:hunter2@db/x", "", "The database"))
