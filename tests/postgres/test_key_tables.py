# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables of keys as applications and their databases really have them: other names, views, row security, clocks, and who may read a backup."""

from __future__ import annotations

from dataclasses import replace

import pytest
from addresses import url
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.clock import Offset
from ansible_collections.runbook.minikube.plugins.modules import jwks_cleanup, jwks_info
from fake_keys import REAL
from in_process import run_here

RIGHT, FORMER = REAL["secrets"]["A"], "the secret of before, long enough"
TABLE = (
    'CREATE TABLE jwks (id text PRIMARY KEY, "publicKey" text NOT NULL, "privateKey" text NOT NULL, "createdAt" timestamptz NOT NULL, '
    '"expiresAt" timestamptz, alg text, crv text)'
)
READER = "postgres-reader"


def insert(name: str, kind: str, day: int, alg: str = "EdDSA") -> str:
    key = REAL["keys"][kind]
    return f"INSERT INTO jwks VALUES ('{name}', '{key['publicKey']}', '{key['privateKey']}', '2025-01-{day:02} 12:00:00+00', NULL, '{alg}', NULL)"


@pytest.fixture
def keys(server, database):
    """A database with a key that the secret decrypts, and a newer one that it does not."""
    server.sql(database, TABLE, insert("works", "bare", 1), insert("lost", "bare_unicode", 2))
    return database


@pytest.fixture
def reader(server):
    """A user that is nobody's owner."""
    server.sql("postgres", f"DROP ROLE IF EXISTS \"{READER}\"", f"CREATE ROLE \"{READER}\" LOGIN PASSWORD 'planted-hunter2'")
    return {"user": READER, "password": "planted-hunter2"}


def module(name: str, server, database: str, account: dict | None = None, check: bool = False, **options) -> dict:
    place = {"url": url(server.port, database, **(account or {})), "via": "direct"}
    return run_here(name, check, database=place, **{"secret": {"value": RIGHT}, **options})


def succeeded(*where, **options) -> dict:
    found = module(*where, **options)
    assert not found["failed"], found
    return found


def refused(*where, **options) -> str:
    found = module(*where, **options)
    assert found["failed"] and not found.get("changed"), found
    return found["msg"]


def stored(server, database) -> list[tuple]:
    return server.sql(database, "SELECT * FROM jwks ORDER BY 1")


def test_a_new_backup_belongs_to_its_owner_alone(server, keys, reader):
    server.sql(
        keys, f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC, "{READER}"', f'GRANT ALL ON jwks TO "{READER}"'
    )
    before = stored(server, keys)
    assert succeeded("jwks_cleanup", server, keys)["retired"] == ["lost"]
    privileges = "SELECT DISTINCT grantee::regrole::text FROM pg_class, aclexplode(relacl) WHERE relname = 'runbook_jwks_backup'"
    assert server.sql(keys, privileges) == [("owner",)]
    assert server.sql(keys, "SELECT relrowsecurity FROM pg_class WHERE relname = 'runbook_jwks_backup'") == [(True,)]
    server.sql(keys, f'GRANT ALL ON runbook_jwks_backup TO "{READER}"')
    assert "Row security hides the rows of the backup table" in refused("jwks_cleanup", server, keys, reader, state="restored", force=True)
    assert succeeded("jwks_cleanup", server, keys, state="restored", force=True)["restored"] == ["lost"]
    assert stored(server, keys) == before


def test_row_security_that_hides_the_keys_is_told(server, keys, reader):
    server.sql(
        keys, "ALTER TABLE jwks ENABLE ROW LEVEL SECURITY", f'GRANT ALL ON jwks TO "{READER}"', f'GRANT CREATE ON SCHEMA public TO "{READER}"'
    )
    hidden = succeeded("jwks_info", server, keys, reader)
    assert (hidden["row_security"], hidden["signing_keys"], hidden["sign_in"]) == (True, [], "no_active_key")
    assert [READER in one and "rows may be hidden" in one and "BYPASSRLS" in one for one in hidden["warnings"]] == [True]
    assert refused("jwks_cleanup", server, keys, reader).startswith("No key is visible. Row security")
    seen = succeeded("jwks_info", server, keys)
    assert (seen["row_security"], seen["sign_in"], seen.get("warnings", [])) == (False, "broken", [])


def test_a_view_is_named_with_the_table_beneath(server, keys):
    server.sql(keys, "ALTER TABLE jwks RENAME TO signing_keys", "CREATE VIEW jwks AS SELECT * FROM signing_keys")
    for name in ("jwks_info", "jwks_cleanup", "auth_reencrypt"):
        more = {"force": True} if name == "auth_reencrypt" else {}
        assert "is a view of signing_keys" in refused(name, server, keys, **more)
    assert succeeded("jwks_cleanup", server, keys, table="signing_keys")["retired"] == ["lost"]


def test_columns_in_snake_case_are_found_and_another_name_is_told(server, keys):
    server.sql(keys, *(f'ALTER TABLE jwks RENAME "{old}" TO {new}' for old, new in [("privateKey", "private_key"), ("expiresAt", "expires_at")]))
    assert succeeded("jwks_cleanup", server, keys)["retired"] == ["lost"]
    server.sql(keys, "ALTER TABLE jwks RENAME expires_at TO valid_until", "UPDATE jwks SET valid_until = NULL")
    before = stored(server, keys)
    assert "deleted instead of retired. If valid_until is that column" in refused("jwks_cleanup", server, keys)
    assert stored(server, keys) == before
    assert succeeded("jwks_cleanup", server, keys, columns={"expiresAt": "valid_until"})["retired"] == ["lost"]


def application_clock(monkeypatch, seconds: float) -> None:
    """The application's clock is that far from this machine's, which is the database's too."""
    for one in (jwks_cleanup, jwks_info):
        monkeypatch.setattr(one, "with_clock", lambda _connect, _options, resolved: replace(resolved, clock_offset=Offset(seconds)))


def test_a_key_is_retired_by_the_application_s_clock(server, keys, monkeypatch):
    application_clock(monkeypatch, -3600)
    server.sql(keys, "UPDATE jwks SET \"expiresAt\" = now() - interval '30 minutes' WHERE id = 'lost'")
    found = succeeded("jwks_info", server, keys)
    assert (found["sign_in"], found["clock_skew"]) == ("broken", 3600), "the application, an hour behind, signs with it for half an hour still"
    assert "clock is 3600 s ahead of the application's" in found["warnings"][0]
    before = stored(server, keys)
    cleaned = succeeded("jwks_cleanup", server, keys)
    assert (cleaned["retired"], cleaned["sign_in"]) == (["lost"], "ok")
    assert server.sql(keys, "SELECT id FROM jwks WHERE \"expiresAt\" < now() - interval '1 hour'") == [("lost",)]
    assert not succeeded("jwks_cleanup", server, keys)["changed"]
    assert succeeded("jwks_cleanup", server, keys, state="restored", force=True)["restored"] == ["lost"]
    assert stored(server, keys) == before


@pytest.mark.parametrize(("newest", "older", "algorithm", "sign_in"), [
    ("bare", "bare_unicode", None, "broken"), ("bare", "bare_unicode", "RS256", "ok"), ("bare_unicode", "bare", None, "ok"),
    ("bare_unicode", "bare", "RS256", "broken"),
])  # fmt: skip
def test_the_algorithm_decides_which_key_signs(server, database, newest, older, algorithm, sign_in):
    server.sql(database, TABLE, insert("newest", newest, 2, "RS256"), insert("older", older, 1, "EdDSA"))
    found = succeeded("jwks_info", server, database, **({"algorithm": algorithm} if algorithm else {}))
    assert found["sign_in"] == sign_in
    assert [one["id"] for one in found["signing_keys"] if one["active"]] == ["newest" if algorithm else "older"]
    assert bool(found.get("warnings")) is not bool(algorithm)


@pytest.mark.parametrize("action", ["retire", "delete"])
def test_after_a_cleanup_of_all_keys_the_former_secret_has_everything_back(server, keys, action):
    """The guide's DELETE FROM jwks with the wrong secret: the right one decrypts the keys once they are restored."""
    before = stored(server, keys)
    wiped = succeeded("jwks_cleanup", server, keys, secret={"value": FORMER}, selection="all", action=action)
    assert wiped["sign_in"] == "no_active_key"
    restored = succeeded("jwks_cleanup", server, keys, state="restored", backup_id=wiped["backup_id"])
    assert (set(restored["restored"]), stored(server, keys)) == ({"works", "lost"}, before)
    assert succeeded("jwks_info", server, keys)["counts"]["readable"] == 1
