# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies under the secret of a real Better Auth, of the newest release and of one without versions of a secret."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from auth_callers import Caller
from better_auth_server import KEY, LIST_KEY, Person, Server, served_keys
from modules import run_module

from roles import Roles

pytestmark = pytest.mark.phase("beside", "better-auth")
ROLE = "tests/cluster/playbooks/auth_keys.yml"
NEWEST, WITHOUT_VERSIONS = "1.7.25", "1.3.34"
FIRST = "first secret of a test long enough"
OTHER = "other secret of a test long enough"


@pytest.fixture
def runs(deployed) -> Roles:
    return Roles()


@pytest.mark.long
def test_two_factor_sign_in_survives_a_rotation(cluster, runs):
    with Server(cluster, NEWEST, FIRST) as server:
        person = Person(server)
        backup_codes = person.enable_second_factor()
        assert person.sign_in() == 200
        key = person.key_of_a_token()
        output = " ".join(runs.run(ROLE, "--check", auth_keys_from="rotate.yml", **server.options).ok().output.split())
        assert re.search(r"keys 1, 1 twoFactor secret, 1 twoFactor backupCodes", output), output[-2000:]
        runs.run(ROLE, auth_keys_from="rotate.yml", **server.options).ok()
        stored = server.stored()
        assert stored[LIST_KEY] == f"2:{stored[KEY]}" and stored[KEY] != FIRST
        assert person.sign_in() == 200 and person.key_of_a_token() == key
        assert person.use_backup_code(backup_codes[0]) == 200
        envelopes = server.sql('SELECT "privateKey" FROM jwks UNION ALL SELECT secret FROM "twoFactor" UNION ALL SELECT "backupCodes" FROM "twoFactor"')
        assert len(envelopes) == 3 and all(text.strip('"').startswith("$ba$2$") for text in envelopes)


@pytest.mark.long
def test_without_versions_a_rotation_has_a_window_which_is_measured(cluster, runs):
    with Server(cluster, WITHOUT_VERSIONS, FIRST) as server:
        person = Person(server)
        key = person.key_of_a_token()
        refused = runs.run(ROLE, auth_keys_from="rotate.yml", **server.options)
        output = " ".join(refused.output.split())
        assert refused.status != 0 and "does not support BETTER_AUTH_SECRETS" in output and "accept_interruption: true" in output, refused.output[-3000:]
        assert server.stored()[KEY] == FIRST

        def request_token() -> int:
            return person.token_status() if person.sign_in() == 200 else 0

        with Caller(request_token, 0.1) as caller:
            done = runs.run(ROLE, auth_keys_from="rotate.yml", auth_keys_accept_interruption=True, **server.options).ok()
        lost = [when for when, status in caller.answers if status != 200]
        reported = int(re.search(r"auth_keys_outage_seconds: '?(\d+)", done.output)[1])
        assert lost and lost[-1] - lost[0] <= reported, (reported, Counter(status for _when, status in caller.answers))
        assert person.sign_in() == 200 and person.key_of_a_token() == key
        stored = server.stored()
        assert stored[KEY] != FIRST and FIRST not in stored.values(), "the old secret goes once nothing lies under it"


@pytest.mark.parametrize("release", [NEWEST, pytest.param(WITHOUT_VERSIONS, marks=pytest.mark.long)])
def test_of_three_kinds_of_keys_exactly_the_unreadable_one_goes(cluster, runs, release):
    """One made under a former secret, one unencrypted, and one that is readable, each by the server itself."""
    with Server(cluster, release, FIRST) as server:
        person = Person(server)
        keys = {"unreadable": person.key_of_a_token()}
        server.sql("CREATE TABLE kept AS TABLE jwks")
        for kind, changed in (("unencrypted", {"plain_keys": True}), ("readable", {"secret": OTHER})):
            server.sql("DELETE FROM jwks")  # with none in use, the next token makes one
            server.run_with(**changed)
            person.sign_in()
            keys[kind] = person.key_of_a_token()
            server.sql(f"INSERT INTO kept SELECT * FROM jwks WHERE id = '{keys[kind]}'")
        server.sql("INSERT INTO jwks SELECT * FROM kept ON CONFLICT DO NOTHING")
        server.sql(f"UPDATE jwks SET \"createdAt\" = now() WHERE id = '{keys['unreadable']}'")
        assert (person.sign_in(), person.token_status()) == (200, 500)

        check = runs.run(ROLE, "--check", "--diff", auth_keys_from="main.yml", **server.options).ok()
        changed = "\n".join(line for line in check.output.splitlines() if line.lstrip().startswith(("+", "-")))
        assert [kind for kind, key in keys.items() if key in changed] == ["unreadable"], check.output[-4000:]
        runs.run(ROLE, auth_keys_from="main.yml", **server.options).ok()
        served = {"unencrypted", "readable"} | ({"unreadable"} if release == NEWEST else set())
        assert served_keys(server) == {keys[kind] for kind in served}, "a retired key still verifies what it signed"
        assert (person.sign_in(), person.key_of_a_token()) == (200, keys["readable"])
        assert runs.run(ROLE, auth_keys_from="main.yml", **server.options).ok().recap["changed"] == 0


def place(server: Server) -> dict:
    """How a module reaches the server and, through one of its pods, its database."""
    return {
        "kubeconfig": str(server.cluster.kubeconfig), "context": server.cluster.profile, "namespace": server.name,
        "auth_servers": [{"workload": "Deployment/auth"}], "database": {"workload": "Deployment/auth"},
    }  # fmt: skip


def test_the_key_that_signs_is_the_newest_of_the_configured_algorithm(cluster, deployed):
    """An unreadable EdDSA key beside a newer readable RS256 key: the algorithm of the application decides whether anybody can sign in."""
    with Server(cluster, NEWEST, FIRST) as server:
        person = Person(server)
        older = person.key_of_a_token()
        server.sql("CREATE TABLE kept AS TABLE jwks")
        server.sql("DELETE FROM jwks")
        server.run_with(secret=OTHER, algorithm="RS256")
        assert person.sign_in() == 200
        newer = person.key_of_a_token()
        server.sql("INSERT INTO jwks SELECT * FROM kept")
        assert person.token_status() == 200
        info = run_module("jwks_info", **place(server), algorithm="RS256")
        assert (info["sign_in"], [one["id"] for one in info["signing_keys"] if one["active"]]) == ("ok", [newer]), info
        server.run_with()
        assert (person.sign_in(), person.token_status()) == (200, 500)
        info = run_module("jwks_info", **place(server))
        assert (info["sign_in"], [one["id"] for one in info["signing_keys"] if one["active"]]) == ("broken", [older]), info
        assert (info["clock_skew"], info["row_security"]) == (0, False)
        assert run_module("jwks_cleanup", **place(server))["retired"] == [older]
        assert person.token_status() == 200


def test_the_database_is_searched_through_a_pod_and_the_former_secret_has_everything_back(cluster, deployed):
    with Server(cluster, NEWEST, FIRST) as server:
        person = Person(server)
        backup_codes = person.enable_second_factor()
        assert person.sign_in() == 200
        key = person.key_of_a_token()
        server.sql('CREATE TABLE hooks (id int PRIMARY KEY, settings jsonb, token text)')
        server.sql("""INSERT INTO hooks SELECT 1, jsonb_build_object('secret', secret), secret FROM "twoFactor" """)
        server.run_with(secret=OTHER)
        old = {"old_secrets": [{"value": FIRST}]}
        found = run_module("auth_reencrypt", **place(server), **old)
        assert [(one["column"], one["count"]) for one in found["elsewhere"]] == [("settings", 1), ("token", 1)], found
        assert (found["old_secret_removable"], found["unscanned"], len(found["blockers"])) == (False, [], 2)
        server.sql("UPDATE hooks SET settings = NULL")
        assert run_module("auth_reencrypt", **place(server), **old, additional_columns=["hooks.token"])["old_secret_removable"]
        assert person.sign_in() == 200 and person.key_of_a_token() == key

        server.run_with(secret=FIRST)
        assert (person.sign_in(), person.token_status()) != (200, 200), "nothing is under the former secret any more"
        back = run_module("auth_reencrypt", **place(server), old_secrets=[{"value": OTHER}], additional_columns=["hooks.token"])
        assert back["old_secret_removable"], back
        assert person.sign_in() == 200 and person.key_of_a_token() == key
        assert person.use_backup_code(backup_codes[0]) == 200
        assert server.sql("SELECT count(*) FROM hooks WHERE token IS NOT NULL") == ["1"]
