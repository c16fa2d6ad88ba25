# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The old secret is kept while anything in the database needs it, wherever that is, and what could not be looked at is named."""

from __future__ import annotations

import pytest
from addresses import url
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.ciphertext import decrypt_text
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import blocks
from fake_keys import REAL
from in_process import run_here
from reencrypt_data import bare

OLD, NEW = REAL["secrets"]["A"], REAL["secrets"]["B"]
KEY = REAL["keys"]["bare"]
KEYS = (
    'CREATE TABLE jwks (id text PRIMARY KEY, "publicKey" text NOT NULL, "privateKey" text NOT NULL, "createdAt" timestamptz NOT NULL)',
    f"INSERT INTO jwks VALUES ('one', '{KEY['publicKey']}', '{KEY['privateKey']}', now())",
    'CREATE TABLE "account" (id text PRIMARY KEY, "accessToken" text, "refreshToken" text, "idToken" text)',
)
READER = "search-reader"


@pytest.fixture
def keys(server, database):
    """A database with a key, and an application without two-factor sign-in."""
    server.sql(database, *KEYS)
    return database


def reencrypt(server, database, account: dict | None = None, check: bool = False, **options) -> dict:
    """From the old secret to the new one. No auth server runs here, which is the one reason that remains in the end."""
    place = {"url": url(server.port, database, **(account or {})), "via": "direct"}
    defaults = {"secret": {"value": NEW}, "old_secrets": [{"value": OLD}], "force": True, "unused": ["twoFactor"]}
    found = run_here("auth_reencrypt", check, database=place, **{**defaults, **options})
    assert not found["failed"], found
    reasons = [one for one in found["blockers"] if not one.startswith("No auth server is given")]
    return {**found, "reasons": reasons}


def elsewhere(found) -> dict[str, int]:
    return {f"{one['table']}.{one['column']}": one["count"] for one in found["elsewhere"]}


def test_a_missing_table_is_a_reason_until_it_is_declared_unused(server, keys):
    assert ["The table twoFactor was not found" in one for one in reencrypt(server, keys, unused=[])["reasons"]] == [True]
    assert reencrypt(server, keys)["reasons"] == []


def test_values_in_any_text_of_the_database_are_found(server, keys):
    envelope = bare(version=1)
    server.sql(
        keys, "CREATE SCHEMA other", "CREATE DOMAIN sealed AS text",
        "CREATE TABLE other.texts (a varchar(2000), b char(2000), c sealed, d text[], e text)",
        f"INSERT INTO other.texts VALUES ('{bare()}', '{envelope}', '{bare()}', ARRAY['x', '{bare()}', '{envelope}'], 'no secret')",
        "CREATE TABLE derived () INHERITS (other.texts)", "CREATE TABLE other.documents (plain json, binary_json jsonb, several jsonb[])",
        f"""INSERT INTO other.documents VALUES ('{{"a": "{bare()}"}}', '{{"a": ["{envelope}"]}}', ARRAY['"{bare()}"']::jsonb[])""",
        "CREATE TABLE parts (day int, note text) PARTITION BY RANGE (day)", "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9)",
        f"INSERT INTO parts VALUES (1, '{bare()}')",
        f"CREATE MATERIALIZED VIEW copied AS SELECT e, '{bare()}'::text AS kept FROM other.texts",
        'CREATE TABLE "a $1 % table" ("a ""column""" text)', f"""INSERT INTO "a $1 % table" VALUES ('{envelope}')""",
        "CREATE VIEW seen AS SELECT a FROM other.texts",
        "CREATE TABLE of_others (hash text, new text, short text)",
        f"INSERT INTO of_others VALUES ('{'ab' * 64}', '{bare(secret=NEW)}', '{'ab' * 20}')",
    )  # fmt: skip
    found = reencrypt(server, keys)
    assert elsewhere(found) == {
        "other.texts.a": 1, "other.texts.b": 1, "other.texts.c": 1, "other.texts.d": 2, "other.documents.plain": 1,
        "other.documents.binary_json": 1, "other.documents.several": 1, "public.parts_1.note": 1, "public.copied.kept": 1,
        'public.a $1 % table.a "column"': 1,
    }  # fmt: skip
    assert (found["unscanned"], found["remaining_with_old_secret"], len(found["reasons"])) == ([], 11, 10)


def test_values_in_bytes_and_composite_types_are_found(server, keys):
    raw = f"decode('{bare()}', 'hex')"
    server.sql(
        keys, "CREATE DOMAIN blob AS bytea", "CREATE DOMAIN nested AS blob", "CREATE TYPE pair AS (note text, number int)",
        "CREATE DOMAIN document AS jsonb", f"ALTER DATABASE \"{keys}\" SET bytea_output = 'escape'",
        "CREATE TABLE kept (raw bytea, characters blob, inside nested, several bytea[], blobs blob[], pair pair, documents document[], image bytea)",
        f"INSERT INTO kept VALUES ({raw}, '{bare()}', 'token: {bare(version=1)}', ARRAY[NULL, {raw}, '{bare()}'], ARRAY[{raw}]::blob[], "
        f"ROW('{bare()}', 1)::pair, ARRAY['\"{bare()}\"']::document[], decode('ab', 'hex'))",
        f"INSERT INTO kept (raw, image) VALUES (decode('{bare(secret=NEW)}', 'hex'), decode(repeat('ab', 25000), 'hex')), (NULL, NULL)",
    )  # fmt: skip
    found = reencrypt(server, keys)
    assert {name.removeprefix("public.kept."): count for name, count in elsewhere(found).items()} == {
        "raw": 1, "characters": 1, "inside": 1, "several": 2, "blobs": 1, "pair": 1, "documents": 1,
    }  # fmt: skip
    assert found["unscanned"] == []
    server.sql(keys, "TRUNCATE kept", "INSERT INTO kept (image) VALUES (decode(repeat('ab', 25001), 'hex'))")
    found = reencrypt(server, keys)
    assert [(one["column"], one["reason"]) for one in found["unscanned"]] == [("image", "it has values of more than 25000 bytes")]
    assert len(found["reasons"]) == 1 and reencrypt(server, keys, unscanned=["public.kept.image"])["reasons"] == []


def test_an_additional_column_is_re_encrypted_and_the_former_secret_has_it_back(server, keys):
    server.sql(keys, "CREATE TABLE hooks (id bigint PRIMARY KEY, token text)", f"INSERT INTO hooks VALUES (1, '{bare('a token')}'), (2, 'plain')")
    assert elsewhere(reencrypt(server, keys)) == {"public.hooks.token": 1}
    assert server.sql(keys, "SELECT token FROM hooks WHERE id = 1") == [(bare("a token"),)], "nothing is written in a table that was not named"
    predicted = reencrypt(server, keys, check=True, additional_columns=["hooks.token"])
    done = reencrypt(server, keys, additional_columns=["hooks.token"])
    assert (done["tables"], done["reasons"], elsewhere(done)) == (predicted["tables"], [], {})
    again = reencrypt(server, keys, additional_columns=["hooks.token"])
    assert not again["changed"] and again["tables"][-1]["already_current"] == 1
    (kept,) = server.sql(keys, "SELECT token FROM hooks WHERE id = 1")[0]
    assert decrypt_text(kept, SigningSecrets(NEW)).text == "a token"
    back = reencrypt(server, keys, additional_columns=["hooks.token"], secret={"value": OLD}, old_secrets=[{"value": NEW}])
    assert back["reasons"] == []
    (kept,) = server.sql(keys, "SELECT token FROM hooks WHERE id = 1")[0]
    assert decrypt_text(kept, SigningSecrets(OLD)).text == "a token"
    info = run_here("jwks_info", database={"url": url(server.port, keys), "via": "direct"}, secret={"value": OLD})
    assert info["sign_in"] == "ok"


def test_an_encrypted_text_among_others_in_a_named_column_is_not_forgotten(server, keys):
    server.sql(
        keys, "CREATE TABLE hooks (id bigint PRIMARY KEY, token text, data jsonb)",
        f"""INSERT INTO hooks VALUES (1, 'Bearer {bare()}', '{{"a": "{bare()}"}}'), (2, '{bare()}', NULL)""",
        f"""INSERT INTO account VALUES ('a', '{bare()}', 'Bearer {bare()}', NULL)""",
    )  # fmt: skip
    place = {"url": url(server.port, keys), "via": "direct"}
    options = {"secret": {"value": NEW}, "old_secrets": [{"value": OLD}], "force": True, "unused": ["twoFactor"]}
    refused = run_here("auth_reencrypt", False, database=place, **options, additional_columns=["hooks.data"])
    assert refused["failed"] and "additional_columns: hooks.data is of the type jsonb; only columns of texts" in refused["msg"]
    for check in (True, False):
        found = reencrypt(server, keys, check=check, additional_columns=["hooks.token"])
        assert elsewhere(found) == {"public.account.refreshToken": 1, "public.hooks.token": 1, "public.hooks.data": 1}
        assert [("Have the application write them again" in one) for one in found["reasons"]] == [True, True, True]
    server.sql(keys, "UPDATE hooks SET token = 'x', data = NULL WHERE id = 1", 'UPDATE account SET "refreshToken" = NULL')
    assert reencrypt(server, keys, additional_columns=["hooks.token"])["reasons"] == []


def test_what_could_not_be_searched_is_a_reason_until_it_is_listed(server, keys):
    server.sql("postgres", f"DROP ROLE IF EXISTS \"{READER}\"", f"CREATE ROLE \"{READER}\" LOGIN PASSWORD 'planted-hunter2'")
    account = {"user": READER, "password": "planted-hunter2"}
    server.sql(
        keys, f'GRANT SELECT, UPDATE ON jwks, account TO "{READER}"', "CREATE TABLE private (note text, number int)",
        "CREATE SCHEMA closed", "CREATE TABLE closed.notes (note text)", f'GRANT SELECT ON closed.notes TO "{READER}"',
        "CREATE TABLE rows (note text)", f'GRANT SELECT ON rows TO "{READER}"', "ALTER TABLE rows ENABLE ROW LEVEL SECURITY",
        "CREATE FUNCTION answers() RETURNS SETOF text LANGUAGE sql AS 'SELECT 1::text'", "CREATE VIEW computed AS SELECT a FROM answers() AS a",
    )  # fmt: skip
    found = reencrypt(server, keys, account)
    assert {(one["table"], one["column"]): one["reason"] for one in found["unscanned"]} == {
        ("public.private", "note"): "the database's user has no SELECT privilege",
        ("closed.notes", "note"): "the database's user has no SELECT privilege",
        ("public.rows", None): "row security applies to the database's user, so rows may be hidden from it",
        ("public.computed", None): "it is a view that selects from no table",
    }
    assert len(found["reasons"]) == 4
    listed = ["public.private", "closed.notes.note", "public.rows", "public.computed"]
    assert reencrypt(server, keys, account, unscanned=listed)["reasons"] == []


def test_a_backup_of_keys_is_told_and_one_time_codes_expire(server, keys):
    place = {"url": url(server.port, keys), "via": "direct"}
    done = run_here("jwks_cleanup", database=place, secret={"value": OLD}, selection="all", action="delete")
    assert not done["failed"], done
    server.sql(
        keys, 'CREATE TABLE verification (id text, value text, "expiresAt" timestamp)',
        f"INSERT INTO verification VALUES ('1', '{bare()}:0', now() - interval '1 hour'), ('2', '{bare()}:0', now() + interval '1 hour')",
    )
    found = reencrypt(server, keys)
    assert [(one["table"], one["count"], one["backup"]) for one in found["elsewhere"]] == [
        ("public.runbook_jwks_backup", 1, True), ("public.verification", 1, False)
    ]  # fmt: skip
    assert len(found["reasons"]) == 1 and found["reasons"][0].startswith("public.verification.value has 1 values")
    server.sql(keys, "UPDATE verification SET \"expiresAt\" = now() - interval '1 hour'")
    assert reencrypt(server, keys)["reasons"] == []


@pytest.mark.parametrize("first", [blocks.FIRST, 8, 1])
def test_a_large_table_is_read_by_pages(server, keys, first, monkeypatch):
    """Of 20,000 rows on hundreds of blocks each value is found once, however large a page is."""
    monkeypatch.setattr(blocks, "FIRST", first)
    monkeypatch.setattr(blocks, "LARGEST", max(first, 64))
    server.sql(
        keys, "CREATE TABLE many (id int, token text)",
        f"INSERT INTO many SELECT n, CASE WHEN n % 3 = 0 THEN '{bare()}' ELSE repeat('x', 200) END FROM generate_series(1, 20000) AS n",
    )
    assert elsewhere(reencrypt(server, keys)) == {"public.many.token": 6666}
    server.sql(keys, 'CREATE TABLE two_factor (id int PRIMARY KEY, secret text, backup_codes text)', "INSERT INTO two_factor SELECT id, token FROM many")
    info = run_here("jwks_info", database={"url": url(server.port, keys), "via": "direct"}, secret={"value": OLD})
    assert info["other_data"] == [
        {"table": "twoFactor", "column": "secret", "values": 20000, "readable": 6666, "unreadable": 0, "malformed": 13334, "plain": 0}
    ]
