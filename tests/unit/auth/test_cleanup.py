# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys are taken out of use, by what statements, and what refuses it."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.cleanup import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import OPTIONS, Wish, wish_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from fake_keys import ALL, GONE, NEW, WORKS, FakeKeys, given, row, signer

IDS = [one.id for one in ALL]
OLD_TABLE = tuple(row(name, kind, day) for name, kind, day in [("new", "bare_unicode", 9), ("works", "bare", 5), ("also", "envelope", 4)])


def clean(database, check=False, of=None, **wish):
    return clean_up(database, Names(), of or given(), "encrypted", Wish(**wish), check)


def params(**more):
    return {**{name: option.get("default") for name, option in OPTIONS.items()}, **more}


@pytest.mark.parametrize(
    ("wish", "retired", "removed"),
    [
        ({}, ["new", "also"], []),
        ({"malformed": True}, ["new", "damaged", "also"], []),
        ({"action": "retire", "selection": "all"}, [name for name in IDS if name != "a-gone"], []),
        ({"action": "delete"}, [], ["new", "a-gone", "also"]),
        ({"action": "delete", "selection": "all"}, [], IDS),
        ({"selection": "expired"}, [], ["a-gone"]),
    ],
)
def test_the_keys_that_go_newest_first(wish, retired, removed):
    database = FakeKeys(overdue=["a-gone"])
    told = clean(database, **wish).report()
    assert (told["retired"], told["removed"], told["changed"]) == (retired, removed, True)
    assert [one.id for one in database.rows if not one.expired] == [name for name in IDS if name not in (*retired, *removed, "a-gone")]
    assert not clean(database, **wish).report()["changed"]


def test_a_table_of_release_1_3_can_only_lose_keys():
    database = FakeKeys(OLD_TABLE, can_retire=False)
    assert clean(database).report()["removed"] == ["new", "also"]
    assert "expiresAt" not in "".join(one.sql for one in database.written[0])
    with pytest.raises(RunbookError, match="action: retire: the table has no column expiresAt .*Use action: delete."):
        clean(database, action="retire")
    with pytest.raises(RunbookError, match="selection: expired: the table has no column expiresAt"):
        clean(database, selection="expired")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"grace_period": -1}, "grace_period: it can't be less than 0"),
        ({"keep_backups": 0}, "keep_backups: at least 1"),
        ({"state": "restored", "action": "delete"}, "Leave action out"),
        ({"state": "restored", "selection": "all"}, "Leave selection out"),
        ({"state": "restored", "malformed": True}, "Leave malformed out"),
        ({"backup_id": "1"}, "only state: restored takes one"),
        ({"selection": "expired", "action": "retire"}, "retired already. Use action: delete"),
        ({"selection": "expired", "malformed": True}, "Leave it out with selection: expired"),
        ({"backup_table": "a$1"}, "is no name"),
    ],
)
def test_options_that_contradict_each_other(options, words):
    with pytest.raises(RunbookError, match=words):
        wish_of(params(**options))


def test_the_options_defaults_are_those_of_a_wish():
    assert wish_of(params()) == Wish()
    assert wish_of(params(state="restored", backup_id="1", force=True)) == Wish(state="restored", backup_id="1", force=True)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("action", "per_key"), [("retire", 2), ("delete", 1)])
def test_one_transaction_in_the_order_of_ids(action, per_key, there):
    database = FakeKeys(there=there)
    backup_id = clean(database, action=action, keep_backups=3).backup_id
    lock, *middle, prune = database.written[0]
    assert "pg_advisory_xact_lock" in lock.sql and lock.parameters == ("public.jwks",)
    assert ("CREATE TABLE IF NOT EXISTS" in middle[0].sql) is not there
    taken = middle[0 if there else 1 :]
    names = ["also", "new"] if action == "retire" else ["a-gone", "also", "new"]
    assert [one.parameters[2] for one in taken[::per_key]] == names
    assert {'INSERT INTO "public"."runbook_jwks_backup" (backup_id, ' in one.sql for one in taken[::per_key]} == {True}, "a row is kept as it goes"
    assert [(one.count, one.parameters[0]) for one in taken] == [(1, backup_id)] * (per_key * len(names))
    assert prune.sql.startswith('DELETE FROM "public"."runbook_jwks_backup"') and prune.parameters == ("jwks", "3")


@pytest.mark.parametrize("action", ["retire", "delete"])
def test_what_was_read_is_compared_and_a_private_key_by_its_digest_alone(action):
    database = FakeKeys()
    clean(database, action=action, malformed=True)
    digest = hashlib.sha256(NEW.private_key.encode()).hexdigest()
    compared = next(one for one in database.written[0] if "new" in one.parameters)
    assert compared.parameters[1:] == ("jwks", "new", NEW.public_key, digest, NEW.created_at, NEW.expires_at)
    assert [f"IS NOT DISTINCT FROM ${number}::text" in compared.sql for number in range(2, 9)] == [False, *[True] * 5, False]
    sent = [text for one in database.written[0] for text in (one.sql, *one.parameters) if text]
    assert not [text for text in sent for one in ALL if one.id != "damaged" and one.private_key[1:-1] in text]
    assert ("FOR UPDATE" in compared.sql) == (action == "retire")


@pytest.mark.parametrize("wish", [{}, {"action": "delete"}, {"selection": "all"}])
def test_check_mode_foretells_and_writes_nothing(wish):
    database, real = FakeKeys(), FakeKeys()
    foretold, done = clean(database, check=True, **wish), clean(real, **wish)
    assert not database.written and foretold.backup_id is None and done.backup_id
    assert foretold.diff() == done.diff() and foretold.report()["sign_in"] == done.report()["sign_in"]


def test_nothing_to_do():
    database = FakeKeys([WORKS], lacks=("UPDATE", "CREATE"))
    told = clean(database).report()
    assert not database.written and (told["changed"], told["backup_id"], told["sign_in"]) == (False, None, "works")


@pytest.mark.parametrize(
    ("wish", "lacks", "there", "missing"),
    [
        ({}, ("UPDATE",), True, ["UPDATE on public.jwks"]),
        ({"action": "delete"}, ("DELETE",), True, ["DELETE on public.jwks"]),
        ({}, ("CREATE",), False, ["CREATE on schema public"]),
        ({}, ("UPDATE", "backup INSERT"), True, ["UPDATE on public.jwks", "INSERT on public.runbook_jwks_backup"]),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_right_that_is_missing(wish, lacks, there, missing, check):
    database = FakeKeys(lacks=lacks, there=there)
    with pytest.raises(RunbookError, match="user todo has no right.*Nothing was changed") as refused:
        clean(database, check, **wish)
    assert refused.value.facts == {"missing_permissions": missing} and not database.written


def test_another_table_of_the_backup_s_name_is_left_alone():
    database = FakeKeys(there="id,was")
    with pytest.raises(RunbookError, match="public.runbook_jwks_backup is no backup table of this module. Name another"):
        clean(database)
    assert not database.written


@pytest.mark.parametrize("selection", ["unreadable", "all", "expired"])
def test_only_what_the_secret_decides_asks_for_trust(selection):
    database, doubtful = FakeKeys([NEW, GONE], overdue=["a-gone"]), given()
    if selection != "unreadable":
        assert clean(database, of=doubtful, selection=selection).touched
        return
    with pytest.raises(RunbookError, match="no signer is named"):
        clean(database, of=doubtful)
    assert not database.written
    assert clean(database, of=given(doubtful.secrets, signer())).touched == ("new",)
