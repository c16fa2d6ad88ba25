# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keys are worth, which one signs, and whether the running signers agree."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth import other_data
from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import seal
from ansible_collections.runbook.minikube.plugins.module_utils.auth.info import signers_report
from ansible_collections.runbook.minikube.plugins.module_utils.auth.keys import counts, keys_of, sign_in
from ansible_collections.runbook.minikube.plugins.module_utils.auth.other_data import PLACES, Place, counted, read_other_data
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer, agreed, disagreement
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names, Row, names_of, read_table
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Result
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

JWK = '{"kty": "OKP", "d": "hunter2-planted"}'
A = SigningSecrets("secret A")
NONCE = bytes(24)


def row(name, private_key, **more):
    return Row(name, "{}", private_key, "2025-03-01 12:00:00+00", **more)


def sealed(secret, version=None):
    return json.dumps(seal(JWK, secret, NONCE, version))


def states(*rows, secrets=A, stores="encrypted"):
    return [(key.row.id, key.state, key.signs, key.usable) for key in keys_of(rows, secrets, stores)]


def test_the_guide_s_incident():
    rows = [row("old", sealed("secret before"))]
    assert states(*rows) == [("old", "unreadable", True, False)]
    assert sign_in(keys_of(rows, A, "encrypted")) == "broken"


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([], "new_key"),
        ([row("new", sealed("secret A")), row("old", sealed("other"))], "works"),
        ([row("new", sealed("other")), row("old", sealed("secret A"))], "broken"),
        ([row("retired", sealed("other"), expired=True)], "new_key"),
        ([row("retired", sealed("other"), expired=True), row("old", sealed("secret A"))], "works"),
        ([row("plain", JWK)], "broken"),
        ([row("damaged", "x")], "broken"),
    ],
)
def test_sign_in(rows, verdict):
    assert sign_in(keys_of(rows, A, "encrypted")) == verdict


def test_versions():
    secrets = SigningSecrets("secret A", {2: "secret B"})
    rows = [row("2", sealed("secret B", 2)), row("1", sealed("secret A", 1)), row("bare", sealed("secret A"))]
    assert [state for _id, state, _signs, _usable in states(*rows, secrets=secrets)] == ["readable", "unreadable", "readable"]


def test_an_application_that_stores_keys_unencrypted():
    rows = [row("new", sealed("secret A")), row("plain", JWK), row("damaged", "x")]
    assert states(*rows, secrets=None, stores="unencrypted") == [
        ("new", "unreadable", True, False), ("plain", "readable", False, True), ("damaged", "malformed", False, False),
    ]  # fmt: skip


def test_a_report_holds_no_part_of_a_key():
    keys = keys_of([row("a", sealed("secret A")), row("b", JWK)], A, "encrypted")
    assert counts(keys) == {"readable": 1, "unreadable": 0, "unencrypted": 1, "malformed": 0}
    told = repr([key.report() for key in keys]) + repr(keys)
    assert "hunter2" not in told and NONCE.hex() not in told


def signer(secrets=A, unknown="", pod="web-1"):
    return Signer("Deployment/web", pod, "app", secrets, unknown)


@pytest.mark.parametrize(
    ("signers", "words"),
    [
        ([], "No signer is named"),
        ([signer(), signer(None, "no cat")], "is not known: no cat"),
        ([signer(None)], "runs with neither BETTER_AUTH_SECRET nor BETTER_AUTH_SECRETS"),
        ([signer(), signer(SigningSecrets("hunter2"), pod="web-2")], "The running signers differ: .*web-1.* and .*web-2"),
    ],
)
def test_signers_that_do_not_agree(signers, words):
    with pytest.raises(RunbookError, match=words) as refused:
        agreed(signers)
    assert "hunter2" not in str(refused.value)


def test_signers_that_agree_whatever_the_order_of_their_versions():
    one, other = SigningSecrets("a", {1: "x", 2: "y"}), SigningSecrets("a", {2: "y", 1: "x"})
    assert disagreement([signer(one), signer(other)]) == ""
    signers = [signer(), signer(SigningSecrets("b")), signer(None), signer(None, "no cat")]
    assert [told["secret"] for told in signers_report(signers, A)] == ["same", "different", "none", "unknown"]


def test_other_data_is_counted():
    values = [seal("x", "secret A", NONCE), seal("x", "other", NONCE), "plain token"]
    assert counted(PLACES[0], values, A) == {"values": 3, "readable": 1, "unreadable": 1, "malformed": 1, "plain": 0}
    assert counted(PLACES[2], values, A) == {"values": 3, "readable": 1, "unreadable": 1, "malformed": 0, "plain": 1}


class Played:
    """A database that has a table with these columns, and collects the SQL."""

    where = "The database"

    def __init__(self, *columns):
        self.columns = columns
        self.asked = []

    def run(self, statements, write):
        assert not write
        self.asked += statements
        if "pg_attribute" in statements[0].sql:
            return [Result(len(self.columns), [{"name": name} for name in self.columns])]
        found = {"id": "k", "public_key": "{}", "private_key": None, "created_at": "t", "expires_at": None, "alg": None}
        return [Result(1, [{**found, "expired": "true", "version": "7"}])]


def test_a_table_of_release_1_3_has_no_expiry():
    database = Played("id", "publicKey", "privateKey", "createdAt")
    table = read_table(database, Names())
    assert not table.can_retire
    assert (table.rows[0].expired, table.rows[0].private_key, table.rows[0].version) == (True, "", "7")
    assert "expiresAt" not in database.asked[1].sql


def test_names_of_ones_own():
    database = Played("id", "public_key", "private_key", "created_at", "expires_at")
    columns = {"publicKey": "public_key", "privateKey": "private_key", "createdAt": "created_at", "expiresAt": "expires_at"}
    assert read_table(database, names_of("keys", "auth", columns)).can_retire
    assert database.asked[0].parameters == ('"auth"."keys"',)
    assert 'FROM "auth"."keys" AS k ORDER BY k."created_at" DESC' in database.asked[1].sql


@pytest.mark.parametrize(
    ("columns", "words"),
    [((), 'has no table "jwks"'), (("id", "public_key"), "has no column publicKey, privateKey, createdAt. It has id, public_key")],
)
def test_a_table_that_is_not_what_it_should_be(columns, words):
    with pytest.raises(RunbookError, match=words):
        read_table(Played(*columns), Names())


def test_names_that_are_none():
    with pytest.raises(RunbookError, match="has no key; it takes id"):
        names_of("jwks", None, {"key": "x"})
    with pytest.raises(RunbookError, match="is no name"):
        names_of("a$1", None, {})


def test_other_data_is_looked_for_in_every_table_of_the_list(monkeypatch):
    """What lies under the secret grows with releases: one more line in other_data.py."""

    class Grown:
        def run(self, statements, write):
            (asked,) = statements
            assert not write
            if "pg_attribute" in asked.sql:
                assert asked.parameters == ('"auth"."twoFactor"', '"auth"."account"', '"auth"."oauthApplication"')
                assert "to_regclass($3::text)" in asked.sql
                return [Result(1, [{"table": "oauthApplication", "column": "clientSecret"}])]
            assert 'FROM "auth"."oauthApplication"' in asked.sql
            return [Result(2, [{"value": seal("token", "secret A", NONCE)}, {"value": "plain"}])]

    monkeypatch.setattr(other_data, "PLACES", (*PLACES, Place("oauthApplication", "clientSecret", always=False)))
    (found,) = read_other_data(Grown(), "auth", A)
    assert (found["table"], found["values"], found["readable"], found["plain"]) == ("oauthApplication", 2, 1, 1)
