# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every module about keys through PgBouncer in transaction mode, three times in a row: what one leaves there must not meet the next."""

from __future__ import annotations

import json

import pytest
from addresses import direct, opened, url
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.probe import PROBE_DOMAIN, removal_statements, remove_temporary_accounts
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import DatabaseError, require_writable
from fake_keys import REAL
from in_process import run_here
from modules import run_task
from servers import PASSWORD

ROUNDS = range(3)
MANY = 8  # more than the five after which some drivers prepare a statement
RIGHT, OTHER = REAL["secrets"]["A"], REAL["secrets"]["B"]
TABLE = (
    'CREATE TABLE jwks (id text PRIMARY KEY, "publicKey" text NOT NULL, "privateKey" text NOT NULL, "createdAt" timestamptz NOT NULL, '
    '"expiresAt" timestamptz, alg text, crv text)'
)


def insert(name: str, kind: str, day: int) -> str:
    key = REAL["keys"][kind]
    return (
        f"INSERT INTO jwks VALUES ('{name}', '{key['publicKey']}', '{key['privateKey']}', '2025-01-{day:02} 12:00:00+00', NULL, 'EdDSA', NULL)"
    )


@pytest.fixture
def keys(server, database):
    """A database with a key that one secret reads, and many newer ones that it does not."""
    server.sql(database, TABLE, insert("works", "bare", 1), *(insert(f"lost-{number}", "bare_unicode", 2 + number) for number in range(MANY)))
    return database


def module(name: str, pooler, database: str, secret: str = RIGHT, query: str = "", **options) -> dict:
    """The module's result, which shows no password."""
    parameters = {"database": {"url": url(pooler.port, database, query), "via": "direct"}, "secret": {"value": secret}, **options}
    found = run_here(name, **parameters)
    shown = json.dumps(found)
    assert PASSWORD not in shown and "hunter2" not in shown
    return found


def succeeded(name: str, *where, **options) -> dict:
    found = module(name, *where, **options)
    assert not found["failed"], found
    return found


def stored(server, database) -> list[tuple]:
    return server.sql(database, "SELECT * FROM jwks ORDER BY id")


def test_keys_are_read_retired_and_restored(server, pooler, keys):
    before = stored(server, keys)
    for _round in ROUNDS:
        assert succeeded("jwks_info", pooler, keys)["sign_in"] == "broken"
        cleaned = succeeded("jwks_cleanup", pooler, keys)
        assert (len(cleaned["retired"]), cleaned["sign_in"]) == (MANY, "ok")
        restored = succeeded("jwks_cleanup", pooler, keys, state="restored", backup_id=cleaned["backup_id"], force=True)
        assert len(restored["restored"]) == MANY
        assert stored(server, keys) == before


def test_data_are_re_encrypted(server, pooler, keys):
    server.sql(keys, "DELETE FROM jwks WHERE id LIKE 'lost%'", *(insert(f"more-{number}", "bare", 2 + number) for number in range(MANY)))
    for number in ROUNDS:
        new, old = ((OTHER, RIGHT), (RIGHT, OTHER))[number % 2]
        done = succeeded("auth_reencrypt", pooler, keys, new, old_secrets=[{"value": old}], force=True, batch_size=2)
        assert done["tables"][0]["reencrypted"] == MANY + 1
        assert succeeded("jwks_info", pooler, keys, new)["counts"]["readable"] == MANY + 1


def test_temporary_accounts_are_removed(server, pooler, database):
    server.sql(
        database, 'CREATE TABLE "user" (id text, email text)', 'CREATE TABLE session ("userId" text)', 'CREATE TABLE account ("userId" text)'
    )
    for number in ROUNDS:
        server.sql(database, f"INSERT INTO \"user\" VALUES ('{number}', 'probe-{number}@{PROBE_DOMAIN}'), ('kept', 'probe@example.com')")
        with opened(url(pooler.port, database)) as way:
            assert remove_temporary_accounts(way, None) == 1
            assert way.run(removal_statements(None), write=True)[-1].count == 0


def test_the_modules_keep_to_the_schema_of_the_url(server, database):
    server.sql(database, "CREATE SCHEMA auth", TABLE, insert("other", "bare_unicode", 1))
    server.sql(database, "SET search_path = auth", TABLE, insert("works", "bare", 1), insert("lost", "bare_unicode", 2))
    before = stored(server, database)
    prisma = "schema=auth&pgbouncer=true&connection_limit=1&pool_timeout=20&statement_cache_size=0&sslaccept=accept_invalid_certs"
    cleaned = succeeded("jwks_cleanup", server, database, query=prisma, action="delete")
    assert cleaned["removed"] == ["lost"]
    assert stored(server, database) == before
    assert server.sql(database, "SELECT id FROM auth.jwks") == [("works",)]
    assert server.sql(database, "SELECT schemaname FROM pg_tables WHERE tablename = 'runbook_jwks_backup'") == [("auth",)]
    refused = module("jwks_cleanup", server, database, query="schema=auth", schema="public")
    assert refused["failed"] and refused["msg"].startswith("schema: the option is public, but the URL has auth")


@pytest.mark.parametrize("check", [False, True])
def test_the_modules_do_not_write_what_is_set_to_read_only(server, keys, check):
    server.sql("postgres", f"ALTER DATABASE {keys} SET default_transaction_read_only = on")
    before = stored(server, keys)
    parameters = {"database": {"url": url(server.port, keys), "via": "direct"}, "secret": {"value": RIGHT}}
    for name, options in (("jwks_cleanup", {}), ("auth_reencrypt", {"force": True, "old_secrets": [{"value": OTHER}]})):
        refused = run_here(name, check, **parameters, **options)
        assert refused["failed"] and "default_transaction_read_only" in refused["msg"] and not refused.get("changed"), refused
    assert stored(server, keys) == before
    with pytest.raises(DatabaseError):
        require_writable(direct(server.port, keys))


def test_as_a_task_of_ansible_a_localhost_is_refused_unless_the_user_allows_it(server, keys):
    refused = run_task("jwks_info", database={"url": url(server.port, keys)}, secret={"value": RIGHT})
    assert refused["failed"] and "names 127.0.0.1" in refused["msg"] and "via: direct" in refused["msg"] and "workload:" in refused["msg"]
    assert "hunter2" not in json.dumps(refused)
    found = run_task("jwks_info", database={"url": url(server.port, keys), "via": "direct"}, secret={"value": RIGHT})
    assert (found["failed"], found["sign_in"]) == (False, "broken")
