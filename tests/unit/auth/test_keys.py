# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The states of keys, which one is active, and whether the running auth servers agree."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth import encrypted_columns
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.ciphertext import encrypt
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.encrypted_columns import (
    ENCRYPTED_COLUMNS,
    EncryptedColumn,
    count_other_data,
    count_states,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import JwksRow, TableNames, jwks_names, read_jwks_table
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.keys import count_by_state, evaluate_keys, sign_in_status
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer, common_secrets, disagreement, report_servers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import Result
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from catalog_rows import catalog_rows

JWK = '{"kty": "OKP", "d": "hunter2-planted"}'
A = SigningSecrets("secret A")
NONCE = bytes(24)


def row(name, private_key, **more):
    return JwksRow(name, "{}", private_key, "2025-03-01 12:00:00+00", **more)


def encrypted(secret, version=None):
    return json.dumps(encrypt(JWK, secret, NONCE, version))


def states(*rows, secrets=A, storage="encrypted"):
    return [(key.row.id, key.state, key.active, key.decryptable) for key in evaluate_keys(rows, secrets, storage)]


def test_the_guide_s_incident():
    rows = [row("old", encrypted("secret before"))]
    assert states(*rows) == [("old", "unreadable", True, False)]
    assert sign_in_status(evaluate_keys(rows, A, "encrypted")) == "broken"


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([], "no_active_key"),
        ([row("new", encrypted("secret A")), row("old", encrypted("other"))], "ok"),
        ([row("new", encrypted("other")), row("old", encrypted("secret A"))], "broken"),
        ([row("retired", encrypted("other"), expired=True)], "no_active_key"),
        ([row("retired", encrypted("other"), expired=True), row("old", encrypted("secret A"))], "ok"),
        ([row("plain", JWK)], "broken"),
        ([row("damaged", "x")], "broken"),
    ],
)
def test_sign_in(rows, status):
    assert sign_in_status(evaluate_keys(rows, A, "encrypted")) == status


def test_versions():
    secrets = SigningSecrets("secret A", {2: "secret B"})
    rows = [row("2", encrypted("secret B", 2)), row("1", encrypted("secret A", 1)), row("bare", encrypted("secret A"))]
    assert [state for _id, state, _active, _decryptable in states(*rows, secrets=secrets)] == ["readable", "unreadable", "readable"]


def test_an_application_that_stores_keys_unencrypted():
    rows = [row("new", encrypted("secret A")), row("plain", JWK), row("damaged", "x")]
    assert states(*rows, secrets=None, storage="unencrypted") == [
        ("new", "unreadable", True, False), ("plain", "readable", False, True), ("damaged", "malformed", False, False),
    ]  # fmt: skip


def test_a_report_holds_no_part_of_a_key():
    keys = evaluate_keys([row("a", encrypted("secret A")), row("b", JWK)], A, "encrypted")
    assert count_by_state(keys) == {"readable": 1, "unreadable": 0, "unencrypted": 1, "malformed": 0}
    printed = repr([key.report() for key in keys]) + repr(keys)
    assert "hunter2" not in printed and NONCE.hex() not in printed


def server(secrets=A, unknown="", pod="web-1"):
    return AuthServer("Deployment/web", pod, "app", secrets, unknown)


@pytest.mark.parametrize(
    ("servers", "message"),
    [
        ([], "No auth server is given"),
        ([server(), server(None, "no cat")], "could not be read: no cat"),
        ([server(None)], "has neither BETTER_AUTH_SECRET nor BETTER_AUTH_SECRETS"),
        ([server(), server(SigningSecrets("hunter2"), pod="web-2")], "The running auth servers differ: .*web-1.* and .*web-2"),
    ],
)
def test_auth_servers_that_do_not_agree(servers, message):
    with pytest.raises(RunbookError, match=message) as refused:
        common_secrets(servers)
    assert "hunter2" not in str(refused.value)


def test_auth_servers_that_agree_whatever_the_order_of_their_versions():
    one, other = SigningSecrets("a", {1: "x", 2: "y"}), SigningSecrets("a", {2: "y", 1: "x"})
    assert disagreement([server(one), server(other)]) == ""
    servers = [server(), server(SigningSecrets("b")), server(None), server(None, "no cat")]
    assert [one["secret"] for one in report_servers(servers, A)] == ["same", "different", "none", "unknown"]


def test_other_data_is_counted():
    """Of five values the server returns those that look encrypted."""
    values = [encrypt("x", "secret A", NONCE), encrypt("x", "other", NONCE), "abc" * 27]
    assert count_states(ENCRYPTED_COLUMNS[0], 5, values, A) == {"values": 5, "readable": 1, "unreadable": 1, "malformed": 3, "plain": 0}
    assert count_states(ENCRYPTED_COLUMNS[2], 5, values, A) == {"values": 5, "readable": 1, "unreadable": 1, "malformed": 0, "plain": 3}


class FakeDatabase:
    """A database that has a table with these columns, and collects the SQL."""

    where = "The database"

    def __init__(self, *columns):
        self.columns = columns
        self.statements = []

    def run(self, statements, write):
        assert not write
        self.statements += statements
        if "pg_attribute" in statements[0].sql:
            return [Result(len(self.columns), catalog_rows("jwks", self.columns))]
        found = {"id": "k", "public_key": "{}", "private_key": None, "created_at": "t", "expires_at": None, "alg": None}
        return [Result(1, [{**found, "expired": "true", "version": "7"}])]


def test_a_table_of_release_1_3_has_no_expiry():
    database = FakeDatabase("id", "publicKey", "privateKey", "createdAt")
    table = read_jwks_table(database, TableNames())
    assert not table.can_retire
    assert (table.rows[0].expired, table.rows[0].private_key, table.rows[0].version) == (True, "", "7")
    assert "expiresAt" not in database.statements[1].sql


def test_renamed_columns():
    database = FakeDatabase("id", "public_key", "private_key", "created_at", "expires_at")
    columns = {"publicKey": "public_key", "privateKey": "private_key", "createdAt": "created_at", "expiresAt": "expires_at"}
    assert read_jwks_table(database, jwks_names("keys", "auth", columns)).can_retire
    assert database.statements[0].parameters == ('"auth"."keys"',)
    assert 'FROM "auth"."keys" AS k ORDER BY k."created_at" DESC' in database.statements[1].sql


@pytest.mark.parametrize(
    ("columns", "message"),
    [((), 'has no table "jwks"'), (("id", "public_key"), "has no column privateKey, createdAt. It has id, public_key")],
)
def test_an_invalid_table(columns, message):
    with pytest.raises(RunbookError, match=message):
        read_jwks_table(FakeDatabase(*columns), TableNames())


def test_invalid_names():
    with pytest.raises(RunbookError, match="columns: unknown name key. Valid names: id"):
        jwks_names("jwks", None, {"key": "x"})
    with pytest.raises(RunbookError, match="is not a valid name"):
        jwks_names("a$1", None, {})


def test_other_data_is_searched_in_every_table_of_the_list(monkeypatch):
    """The encrypted columns grow with releases: one more line in encrypted_columns.py."""

    class Grown:
        def run(self, statements, write):
            (statement,) = statements
            sql, parameters = statement.sql, statement.parameters
            assert not write
            if "pg_attribute" in sql:
                return [Result(1, catalog_rows("oauth", ["id", "client_secret"]) if parameters == ('"auth"."oauth_application"',) else [])]
            if "pg_relation_size" in sql:
                return [Result(1, [{"blocks": "1"}])]
            assert 'FROM "auth"."oauth_application" AS t' in sql
            if "count(" in sql:
                return [Result(1, [{"number": "2"}])]
            assert "ctid" in sql and "LIMIT" in sql and parameters[-1].startswith("^(?:")
            return [Result(1, [{"value": encrypt("token", "secret A", NONCE)}])]

    monkeypatch.setattr(encrypted_columns, "ENCRYPTED_COLUMNS", (*ENCRYPTED_COLUMNS, EncryptedColumn("oauthApplication", "clientSecret", always=False)))
    (found,) = count_other_data(Grown(), "auth", A)
    assert (found["table"], found["column"]) == ("oauthApplication", "clientSecret")
    assert (found["values"], found["readable"], found["plain"]) == (2, 1, 1)


def test_a_renamed_column_that_does_not_exist_is_refused():
    database = FakeDatabase("id", "publicKey", "privateKey", "createdAt", "expires_at")
    with pytest.raises(RunbookError, match="has no column expire_at. It has .*Correct the option columns"):
        read_jwks_table(database, jwks_names("jwks", None, {"expiresAt": "expire_at"}))
