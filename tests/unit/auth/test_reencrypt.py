# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing what lies under a secret under another: what is written, what is left, who has to be able to read it, and who interferes."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth import options, reencrypt, reencrypt_intake
from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import NONCE, Reading, read_private_key, read_text, seal
from ansible_collections.runbook.minikube.plugins.module_utils.auth.other_data import PLACES, Place
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt import KEYS, Work, planned
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_intake import ReencryptIntake
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_report import report
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_run import ATTEMPTS, Run
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_tables import (
    Table, find_tables, names_of_others, read_page, replacing,
)
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_target import Target, require_readers, target_of, writing
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import CountError, DatabaseError, Result
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

VECTORS = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "vectors").glob("*.json"))}
NEW = VECTORS["better-auth-1.7.25"]
A, B = NEW["secrets"]["A"], NEW["secrets"]["B"]
TOTP, CODES, TOKEN = PLACES[0], PLACES[1], PLACES[2]
TO_B2, TO_BARE_B, TO_BARE_A = Target(B, 2), Target(B), Target(A)


def nonces():
    """A source of nonces that are never the same."""
    numbers = itertools.count()
    return lambda: next(numbers).to_bytes(NONCE, "big")


def work(target=TO_B2, *secrets):
    return Work(target, secrets or (A, B), nonces())


def verdict(place, value, target=TO_B2, *secrets, writes=True):
    (found,) = planned(place, [("row", value)], work(target, *secrets), writes)
    return found


def bare(text="JBSWY3DPEHPK3PXP", secret=A, version=None):
    return seal(text, secret, bytes(NONCE), version)


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, vectors in VECTORS.items() for name in vectors["keys"]])
@pytest.mark.parametrize("target", [TO_B2, TO_BARE_B, TO_BARE_A, Target(A, 1)], ids=str)
def test_keys_of_real_ones(release, name, target):
    stored = VECTORS[release]["keys"][name]["privateKey"]
    found = verdict(KEYS, stored, target)
    before = read_private_key(stored, SigningSecrets(B if name == "bare_unicode" else A, {1: A, 2: B}))
    here = target.secrets
    if name == "unencrypted":
        assert (found.state, found.new) == ("plain", "")
    elif read_private_key(stored, here).state == "readable":
        assert (found.state, found.new) == ("already", "")
    else:
        assert (found.state, found.old) == ("reencrypted", stored)
        assert found.new.startswith('"') and found.new.endswith('"')
        assert read_private_key(found.new, here).text == before.text
        assert verdict(KEYS, found.new, target).state == "already"


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, vectors in VECTORS.items() for name in vectors["texts"]])
def test_other_data_of_real_ones_has_no_quotes(release, name):
    found = verdict(TOTP, VECTORS[release]["texts"][name], Target(A, 3))
    assert re.fullmatch(r"\$ba\$3\$[0-9a-f]+", found.new)
    assert read_text(found.new, SigningSecrets(None, {3: A})).text == "JBSWY3DPEHPK3PXP"
    assert re.fullmatch(r"[0-9a-f]+", verdict(TOTP, VECTORS[release]["texts"][name], Target("another")).new)


@pytest.mark.parametrize(
    ("place", "value", "state"),
    [
        (TOTP, bare(secret="nobody's"), "unreadable"),
        (TOTP, bare(secret="nobody's", version=2), "unreadable"),
        (TOTP, "no hex", "malformed"),
        (TOTP, "", "malformed"),
        (TOTP, "abcd", "malformed"),
        (TOKEN, "ya29.a-token-of-somebody", "plain"),
        (TOKEN, "", "plain"),
        (TOKEN, "ab" * 60, "unreadable"),  # a token that looks encrypted is not touched either
        (KEYS, bare(), "malformed"),  # no JSON
        (KEYS, json.dumps(bare("no key")), "malformed"),
        (KEYS, '{"kty": "OKP"}', "malformed"),
        (KEYS, '{"kty": "OKP", "d": "x"}', "plain"),
    ],
)
def test_what_is_left_as_it_is(place, value, state):
    found = verdict(place, value)
    assert (found.state, found.new) == (state, "")


def test_an_empty_cell_is_nothing():
    assert planned(TOTP, [("row", None)], work(), True) == []


def test_an_envelope_is_read_whatever_its_number():
    """The version of the target may once have been another secret, and a version may be known no more."""
    assert verdict(TOTP, bare(secret=A, version=2)).state == "reencrypted"
    assert verdict(TOTP, bare(secret=A, version=77)).state == "reencrypted"
    assert verdict(TOTP, bare(secret=B)).state == "reencrypted"  # the right secret in another form


def test_out_of_scope_is_counted_only():
    assert verdict(TOTP, bare(), writes=False).state == "left"
    assert verdict(TOTP, bare(secret=B, version=2), writes=False).state == "already"


def test_nothing_secret_is_shown():
    shown = repr(verdict(TOTP, bare("hunter2-planted"), TO_B2)) + repr(work()) + repr(TO_B2) + str(TO_B2)
    assert "hunter2" not in shown and A not in shown and B not in shown and bare("hunter2-planted") not in shown


def test_what_does_not_decrypt_to_the_same_is_not_sent(monkeypatch):
    monkeypatch.setattr(reencrypt, "seal", lambda text, secret, nonce, version: seal("something else", secret, nonce, version))
    with pytest.raises(RunbookError, match=r"twoFactor.secret of row row: .* does not decrypt to the same"):
        verdict(TOTP, bare())


STAGE_0 = SigningSecrets(A)
STAGE_1 = SigningSecrets(A, {1: A, 2: B})
STAGE_2 = SigningSecrets(A, {2: B, 1: A})
STAGE_4 = SigningSecrets(B, {2: B})


def signer(secrets, pod="web-1", unknown=""):
    return Signer("Deployment/web", pod, "app", secrets, unknown)


@pytest.mark.parametrize(
    ("option", "secrets", "target"),
    [
        ("current", STAGE_0, TO_BARE_A),
        ("current", STAGE_1, Target(A, 1)),
        ("current", STAGE_2, TO_B2),
        ("bare", STAGE_2, TO_BARE_A),
        ("2", STAGE_1, TO_B2),
    ],
)
def test_the_target(option, secrets, target):
    assert target_of(option, secrets, [signer(secrets)]) == target


@pytest.mark.parametrize(
    ("option", "secrets", "words"),
    [
        ("3", STAGE_2, "no version 3 .it has 2, 1"),
        ("1", STAGE_0, "it has none"),
        ("bare", SigningSecrets(None, {2: B}), "no value of BETTER_AUTH_SECRET"),
        ("newest", STAGE_2, "none of current, bare"),
        ("²", STAGE_2, "none of current, bare"),
    ],
)
def test_a_target_that_is_none(option, secrets, words):
    with pytest.raises(RunbookError, match=words) as refused:
        target_of(option, secrets, [])
    assert A not in str(refused.value) and B not in str(refused.value)


def test_the_current_version_is_not_known_in_the_middle_of_a_rollout():
    signers = [signer(STAGE_1), signer(STAGE_2, "web-2")]
    with pytest.raises(RunbookError, match="different versions .1, 2."):
        target_of("current", STAGE_1, signers)
    assert target_of("2", STAGE_1, signers) == TO_B2


@pytest.mark.parametrize(
    ("target", "signers"),
    [
        (TO_B2, [STAGE_1, STAGE_2, STAGE_4]),
        (TO_BARE_A, [STAGE_0, STAGE_1, STAGE_2]),
        (TO_BARE_B, [STAGE_4, SigningSecrets(B)]),
        (Target(A, 1), [STAGE_1, STAGE_2]),
    ],
)
def test_signers_that_read_the_target(target, signers):
    require_readers(target, [signer(one) for one in signers], force=False)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("target", "unable"),
    [
        (TO_B2, STAGE_0),
        (TO_B2, SigningSecrets(B)),  # it knows the secret, and no versions
        (TO_B2, SigningSecrets(B, {3: B})),
        (TO_B2, SigningSecrets(A, {2: A})),
        (TO_BARE_B, STAGE_2),  # it knows the secret, and as a version only
        (TO_BARE_A, STAGE_4),
        (TO_BARE_A, SigningSecrets(None, {1: A})),
    ],
)
def test_one_signer_that_can_not_read_is_enough_whatever_is_forced(target, unable, force):
    able = target.secrets
    with pytest.raises(RunbookError, match=r"can't read .* web-2, .* first.*Nothing was changed") as refused:
        require_readers(target, [signer(able), signer(unable, "web-2")], force)
    assert "web-1" not in str(refused.value) and A not in str(refused.value) and B not in str(refused.value)


@pytest.mark.parametrize(
    ("signers", "words"),
    [([], "No signer is named"), ([signer(None, unknown="no cat")], "no cat"), ([signer(STAGE_2), signer(None)], "neither")],
)
def test_what_is_not_known_needs_force(signers, words):
    with pytest.raises(RunbookError, match=words):
        require_readers(TO_B2, signers, force=False)
    require_readers(TO_B2, signers, force=True)


def test_what_signers_write_from_now_on():
    signers = [signer(one) for one in (STAGE_2, STAGE_1, STAGE_4, None)]
    assert [writing(TO_B2, one) for one in signers] == ["target", "other", "target", "unknown"]
    assert writing(TO_BARE_A, signer(STAGE_2)) == "other"


class Played:
    """A database in memory: table to rows, each a dictionary with an id. ``before``: called before each transaction that writes."""

    where = "The database"

    def __init__(self, **tables):
        self.tables = tables
        self.types = {}
        self.rights = {}
        self.writes = 0
        self.before = lambda: None
        self.trigger = lambda value: value

    def run(self, statements, write):
        if write:
            self.writes += 1
            self.before()
        kept = json.dumps(self.tables)
        results = []
        for index, one in enumerate(statements):
            found = self._one(one)
            if one.count is not None and len(found) != one.count:
                self.tables = json.loads(kept)
                raise CountError(index, one.count, len(found))
            results.append(Result(len(found), found))
        return results

    def _one(self, statement):
        if "pg_attribute" in statement.sql:
            return self._columns(json.loads(statement.parameters[0]))
        table = self.tables[re.search(r'(?:FROM|UPDATE) "(\w+)"', statement.sql)[1]]
        column = re.search(r't\."(\w+)"::text = n', statement.sql)
        if column is None:
            return self._page(table, statement)
        return self._replaced(table, column[1], json.loads(statement.parameters[0]), statement.sql.startswith("UPDATE"))

    def _columns(self, table):
        names = {name for row in self.tables.get(table, []) for name in row}
        default = {"type": "text", "readable": "true", "writable": "true"}
        return [{"name": name, **default, **self.types.get(name, {}), **self.rights.get(f"{table}.{name}", {})} for name in sorted(names)]

    @staticmethod
    def _page(table, statement):
        names = re.findall(r't\."(\w+)"::text AS value', statement.sql)
        given = list(statement.parameters)
        after = given.pop(0) if " > $" in statement.sql else ""
        last = given.pop(0) if " <= $" in statement.sql else "\uffff"
        limit = re.search(r"LIMIT (\d+)", statement.sql)
        rows = [row for row in sorted(table, key=lambda row: row["id"]) if after < row["id"] <= last and any(row[name] for name in names)]
        rows = rows[: int(limit[1])] if limit else rows
        return [{"row_id": row["id"], **{f"value_{number}": row[name] for number, name in enumerate(names)}} for row in rows]

    def _replaced(self, table, column, given, update):
        found = [(row, one) for one in given for row in table if row["id"] == one["id"]]
        found = [(row, one) for row, one in found if row[column] == one["old" if update else "new"]]
        for row, one in found if update else []:
            row[column] = self.trigger(one["new"])
        return [{"row_id": row["id"]} for row, _one in found]


def database(factors=7):
    keys = [
        {"id": name, "publicKey": key["publicKey"], "privateKey": key["privateKey"]} for name, key in NEW["keys"].items()
    ]
    two = [{"id": f"{number:03}", "secret": bare(f"S{number}"), "backupCodes": bare(f"C{number}")} for number in range(factors)]
    accounts = [
        {"id": "a", "accessToken": bare("token"), "refreshToken": "plain", "idToken": None},
        {"id": "b", "accessToken": None, "refreshToken": None, "idToken": None},
    ]
    return Played(jwks=keys, twoFactor=two, account=accounts)


def run(played, target=TO_B2, check=False, batch=3, scope_all=True):
    tables, missing = find_tables(played, Names(), names_of_others(None, {}), scope_all)
    outcome = Run(played, work(target), batch, check).over(tables)
    return report(outcome, target, [signer(STAGE_2)], missing)


def numbers(result):
    """The counts that are not 0, by column."""
    return {
        one["column"]: {state: number for state, number in one.items() if state not in ("table", "column") and number}
        for one in result["tables"]
    }


WHOLE = {
    "privateKey": {"reencrypted": 3, "already": 1, "plain": 1},
    "secret": {"reencrypted": 7},
    "backupCodes": {"reencrypted": 7},
    "accessToken": {"reencrypted": 1},
    "refreshToken": {"plain": 1},
    "idToken": {},
}


def test_all_of_it_and_then_nothing():
    played = database()
    before = json.loads(json.dumps(played.tables))
    foretold = run(played, check=True)
    assert (played.tables, played.writes) == (before, 0)
    done = run(played)
    assert done == foretold
    assert done["changed"] and numbers(done) == WHOLE
    assert (done["left_under_old"], done["old_droppable"], done["target"]) == (0, True, {"form": "envelope", "version": 2})
    assert [read_text(row["secret"], STAGE_4).text for row in played.tables["twoFactor"]] == [f"S{number}" for number in range(7)]
    assert [read_text(row["backupCodes"], STAGE_4).text for row in played.tables["twoFactor"]] == [f"C{number}" for number in range(7)]
    for row, was in zip(played.tables["jwks"], before["jwks"], strict=True):
        assert (row["id"], row["publicKey"]) == (was["id"], was["publicKey"])
    writes = played.writes
    again = run(played)
    assert not again["changed"] and played.writes == writes
    assert numbers(again)["secret"] == {"already": 7} and again["diff"]["before"] == again["diff"]["after"]


def test_a_diff_names_keys_and_counts_the_rest():
    diff = run(database(), check=True)["diff"]
    assert diff["before"]["keys"] == {"bare": "under another", "bare_unicode": "under another", "envelope": "under another"}
    assert diff["before"]["twoFactor.secret"] == {"under the target": 0, "under others": 7}
    assert diff["after"]["twoFactor.secret"] == {"under the target": 7, "under others": 0}


def test_nonces_are_never_the_same():
    played = database(factors=20)
    run(played)
    sealed = [row[column] for row in played.tables["twoFactor"] for column in ("secret", "backupCodes")]
    assert len({text.split("$")[-1][: 2 * NONCE] for text in sealed}) == 40


def test_only_the_keys():
    played = database()
    done = run(played, scope_all=False)
    assert (done["left_under_old"], done["old_droppable"]) == (15, False)
    assert numbers(done)["secret"] == {"left": 7} and numbers(done)["privateKey"] == WHOLE["privateKey"]
    assert played.tables["twoFactor"] == database().tables["twoFactor"]


def test_a_run_that_is_cut_off_is_completed_by_the_next():
    played = database()

    def cut():
        if played.writes == 4:
            raise DatabaseError("terminating connection", "57P01")

    played.before = cut
    with pytest.raises(RunbookError, match=r'"twoFactor": terminating .* values were brought under the target .* run again') as broken:
        run(played)
    assert broken.value.facts["changed"]
    played.before = lambda: None
    done = run(played)
    assert numbers(done)["privateKey"] == {"already": 4, "plain": 1}
    assert 0 < numbers(done)["secret"]["already"] < 7 and sum(numbers(done)["secret"].values()) == 7
    assert done["left_under_old"] == 0


def test_a_row_that_changes_meanwhile_is_planned_anew():
    played = database()
    changes = iter(["first", "second"])

    def meanwhile():
        for change in changes:
            played.tables["twoFactor"][1]["secret"] = bare(change)
            return

    played.before = meanwhile
    done = run(played)
    assert numbers(done)["secret"] == {"reencrypted": 7}
    assert read_text(played.tables["twoFactor"][1]["secret"], STAGE_4).text == "second"


def test_one_that_two_runs_want():
    played = database()
    other = iter([True])

    def meanwhile():
        if next(other, False):
            run(played)

    played.before = meanwhile
    done = run(played)
    assert numbers(done)["privateKey"] == {"already": 4, "plain": 1} and numbers(done)["secret"] == {"already": 7}
    assert not done["changed"]  # the other run did it all


def test_a_row_that_is_deleted_meanwhile():
    played = database()
    played.before = lambda: played.tables["twoFactor"].pop() if len(played.tables["twoFactor"]) > 5 else None
    assert numbers(run(played))["secret"] == {"reencrypted": 5}


def test_a_row_that_never_stays_is_a_clear_failure():
    played = database()
    counter = itertools.count()

    def meanwhile():
        played.tables["twoFactor"][1]["secret"] = bare(f"again {next(counter)}")

    played.before = meanwhile
    with pytest.raises(RunbookError, match=f"did not stay as they were read in any of {ATTEMPTS} attempts"):
        run(played)
    assert read_text(played.tables["twoFactor"][2]["secret"], STAGE_0).state == "readable"  # the page was left whole


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_the_database_s_words_for_two_at_once(sqlstate):
    played = database()
    deadlocks = iter([True, True])

    def meanwhile():
        if next(deadlocks, False):
            raise DatabaseError("deadlock detected", sqlstate)

    played.before = meanwhile
    assert numbers(run(played)) == WHOLE


def test_a_locked_row_is_told():
    played = database()

    def locked():
        raise DatabaseError("canceling statement due to lock timeout. Somebody else holds a lock", "55P03")

    played.before = locked
    with pytest.raises(RunbookError, match=r'^"jwks": canceling .* Nothing was changed.$') as refused:
        run(played)
    assert refused.value.facts == {"changed": False}


def test_a_trigger_that_changes_what_is_written():
    played = database()
    played.trigger = lambda value: value[:50]
    with pytest.raises(RunbookError, match="A trigger or rule changes what is written"):
        run(played)
    assert played.tables == database().tables


def test_what_can_not_be_read_back_is_a_failure(monkeypatch):
    played = database()
    outcome = Run(played, work(), 3, check=False)
    real, seen = reencrypt.read_text, Counter()

    def damaged(value, secrets):
        seen[value] += 1
        return Reading("envelope", "unreadable", 2) if value.startswith("$ba$2") and seen[value] > 1 else real(value, secrets)

    monkeypatch.setattr(reencrypt, "read_text", damaged)
    tables, _missing = find_tables(played, None, names_of_others(None, {}), True)
    with pytest.raises(RunbookError, match="secret of row 000 was written and can't be read since"):
        outcome.over(tables)


def test_pages_follow_the_primary_key_and_hold_no_more_than_asked():
    played = database(factors=10)
    seen = []
    real = played.run
    played.run = lambda statements, write: seen.append(statements[0]) or real(statements, write)
    run(played, batch=4)
    pages = [one for one in seen if "LIMIT" in one.sql and '"twoFactor"' in one.sql]
    assert [one.parameters for one in pages] == [(), ("003",), ("007",), ("009",)]
    assert all("ORDER BY t.\"id\" LIMIT 4" in one.sql for one in pages)
    assert all(len(json.loads(one.parameters[0])) <= 4 for one in seen if one.sql.startswith("UPDATE"))


def test_no_value_is_put_together_with_sql():
    table = Table("twoFactor", Names("two_factor", "auth", {"secret": "the secret", "id": "key"}), "uuid", (TOTP, CODES), True)
    (found,) = planned(TOTP, [("it's", bare())], work(), True)
    replace, see = replacing(table, TOTP, [found])
    assert replace.sql == (
        'UPDATE "auth"."two_factor" AS t SET "the secret" = n.new '
        "FROM jsonb_to_recordset($1::text::jsonb) AS n(id uuid, old text, new text) "
        'WHERE t."key" = n.id AND t."the secret"::text = n.old'
    )
    assert (replace.count, see.count, replace.parameters) == (1, 1, see.parameters)
    assert json.loads(replace.parameters[0]) == [{"id": "it's", "old": found.old, "new": found.new}]

    class Asked:
        def run(self, statements, write):
            assert not write
            self.statement = statements[0]
            return [Result(0)]

    asked = Asked()
    read_page(asked, table, "it's", 5)
    assert asked.statement.parameters == ("it's",)
    assert 't."key" > $1::text::uuid AND coalesce(t."the secret"::text, t."backupCodes"::text) IS NOT NULL' in asked.statement.sql


def found_tables(played, called=None, keys=Names(), writes_others=True):
    return find_tables(played, keys, names_of_others(None, called or {}), writes_others)


def test_tables_that_are_not_there():
    played = database()
    del played.tables["account"]
    for row in played.tables["twoFactor"]:
        del row["backupCodes"]
    tables, missing = found_tables(played)
    assert ([table.name for table in tables], missing) == (["jwks", "twoFactor"], ["twoFactor.backupCodes", "account"])
    tables, missing = found_tables(played, keys=None)
    assert [table.name for table in tables] == ["twoFactor"]
    del played.tables["jwks"]
    with pytest.raises(RunbookError, match='has no table "jwks" with a column "privateKey"'):
        found_tables(played)


def test_other_names():
    played = database()
    rows = played.tables.pop("twoFactor")
    played.tables["two_factor"] = [{"id": row["id"], "secret": row["secret"], "codes": row["backupCodes"]} for row in rows]
    called = {"twoFactor": "two_factor", "twoFactor.backupCodes": "codes"}
    tables, missing = found_tables(played, called)
    assert missing == []
    assert tables[1].names == Names("two_factor", None, {"backupCodes": "codes"}) and tables[1].places == (TOTP, CODES)
    with pytest.raises(RunbookError, match=r"has no twofactor; it takes twoFactor, account, twoFactor.id, twoFactor.secret"):
        names_of_others(None, {"twofactor": "x"})
    with pytest.raises(RunbookError, match="is no name"):
        names_of_others(None, {"account": "a$1"})


def test_rights_are_looked_at_before_anything_is_written():
    played = database()
    played.rights = {"twoFactor.secret": {"writable": "false"}, "account.idToken": {"readable": "false"}, "jwks.id": {"writable": "false"}}
    with pytest.raises(RunbookError, match="lacks rights: .* Nothing was changed") as refused:
        found_tables(played)
    assert refused.value.facts == {"missing_permissions": ['UPDATE on "twoFactor" ("secret")', 'SELECT on "account" ("idToken")']}
    played.rights = {"twoFactor.secret": {"writable": "false"}}
    assert found_tables(played, writes_others=False)[1] == []


@pytest.mark.parametrize(("kind", "cast"), [("character varying", "text"), ("uuid", "uuid"), ("bigint", "bigint"), ("integer", "integer")])
def test_kinds_of_primary_keys(kind, cast):
    played = database()
    played.types = {"id": {"type": kind}}
    assert {table.id_type for table in found_tables(played)[0]} == {cast}


def test_a_primary_key_of_another_kind_is_refused():
    played = database()
    played.types = {"id": {"type": "point"}}
    with pytest.raises(RunbookError, match="of type point, and has to be one of text, "):
        found_tables(played)


PLACE = {"secret": None, "config_map": None, "workload": None, "file": None, "value": None, "key": None, "readers": False}


class Module:
    """As much of a module as the options need. ``hidden`` collects what must not be printed."""

    cluster = None

    def __init__(self, **params):
        given = {"database": {"url": None}, "namespace": "default", "private_keys": "encrypted"}
        given.update(table="jwks", schema=None, columns={})
        defaults = {"secret": None, "secrets": None, "signers": [], "old_secrets": [], "target": "current", "other_names": {}}
        self.params = {**given, **defaults, "batch_size": 10, "force": False, **params}
        self.hidden = set()
        self.no_log_values = set()

    def hide(self, values):
        self.hidden.update(values)


@pytest.fixture(name="running")
def played_signers(monkeypatch):
    """The signers that run; a test puts some in."""
    found = []
    monkeypatch.setattr(options, "running_signers", lambda *_asked: list(found))
    monkeypatch.setattr(reencrypt_intake, "running_signers", lambda *_asked: list(found))
    return found


def test_the_secrets_of_the_running_signers_are_all_that_it_takes(running):
    running.append(signer(STAGE_2))
    module = Module(signers=[{"workload": "Deployment/web"}])
    wish = ReencryptIntake(module).wish()
    assert (wish.target, wish.secrets, wish.keys) == (TO_B2, (B, A), Names())
    assert {A, B} <= module.hidden
    assert A not in repr(wish) and B not in repr(wish)


def test_old_secrets_are_read_with_too_and_shown_nowhere(running, tmp_path):
    running.append(signer(SigningSecrets(B)))
    (tmp_path / "old").write_text("of the file")
    old = [{**PLACE, "value": A}, {**PLACE, "file": str(tmp_path / "old")}]
    module = Module(signers=[{"workload": "Deployment/web"}], old_secrets=old)
    wish = ReencryptIntake(module).wish()
    assert (wish.target, wish.secrets) == (TO_BARE_B, (B, A, "of the file"))
    assert {A, B, "of the file"} <= module.hidden
    assert A not in repr(module.params)


def test_an_old_secret_without_a_value(running, tmp_path):
    running.append(signer(STAGE_2))
    module = Module(signers=[{"workload": "Deployment/web"}], old_secrets=[{**PLACE, "file": str(tmp_path / "none")}])
    with pytest.raises(RunbookError, match="old_secrets: file .*none has no value"):
        ReencryptIntake(module).wish()


def test_a_named_secret_decides_and_the_signers_have_to_read_it(running):
    running.append(signer(STAGE_1))
    named = {"secret": {**PLACE, "value": A}, "secrets": {**PLACE, "value": f"2:{B},1:{A}"}, "signers": [{"workload": "Deployment/web"}]}
    assert ReencryptIntake(Module(**named)).wish().target == TO_B2
    running.append(signer(STAGE_0, "web-2"))
    with pytest.raises(RunbookError, match="can't read what is written in envelopes of version 2: .*web-2.* Nothing was changed"):
        ReencryptIntake(Module(**named)).wish()


def test_keys_that_are_stored_unencrypted_are_left_out(running):
    running.append(signer(STAGE_2))
    module = Module(signers=[{"workload": "Deployment/web"}], private_keys="unencrypted")
    wish = ReencryptIntake(module).wish()
    assert (wish.keys, wish.target, list(wish.others)) == (None, TO_B2, ["twoFactor", "account"])


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_the_size_of_a_batch_has_bounds(running, size):
    running.append(signer(STAGE_2))
    with pytest.raises(RunbookError, match=f"batch_size: {size} is not from 1 to 10000"):
        ReencryptIntake(Module(signers=[{"workload": "Deployment/web"}], batch_size=size)).wish()


def test_a_signer_that_starts_meanwhile_is_told(running, monkeypatch):
    running.append(signer(STAGE_2))
    intake = ReencryptIntake(Module(signers=[{"workload": "Deployment/web"}]))
    assert intake.signers_now(TO_B2) == running
    running.append(signer(STAGE_0, "web-2"))
    with pytest.raises(RunbookError, match="Everything was written .* meanwhile a signer was started .*web-2") as told:
        intake.signers_now(TO_B2)
    assert told.value.facts == {"changed": True} and "Nothing was changed" not in str(told.value)

    def gone(*_asked):
        raise RunbookError("none runs")

    monkeypatch.setattr(reencrypt_intake, "running_signers", gone)
    with pytest.raises(RunbookError, match="Everything was written .* could not be looked at again: none runs"):
        intake.signers_now(TO_B2)


def test_a_signer_that_writes_something_else_keeps_the_old_secret_needed():
    played = database()
    tables, missing = found_tables(played)
    outcome = Run(played, work(), 100, check=False).over(tables)
    for signers, droppable in (([STAGE_2], True), ([STAGE_2, STAGE_1], False), ([STAGE_2, None], False), ([], False)):
        assert report(outcome, TO_B2, [signer(one) for one in signers], missing)["old_droppable"] is droppable


def test_a_place_of_the_list_is_all_that_it_takes(monkeypatch):
    """What lies under the secret grows with releases: one more line in other_data.py."""
    from ansible_collections.runbook.minikube.plugins.module_utils.auth import reencrypt_tables

    monkeypatch.setattr(reencrypt_tables, "PLACES", (*PLACES, Place("oauthApplication", "clientSecret", always=False)))
    played = database()
    played.tables["oauthApplication"] = [{"id": "o", "clientSecret": bare()}]
    assert numbers(run(played))["clientSecret"] == {"reencrypted": 1}
