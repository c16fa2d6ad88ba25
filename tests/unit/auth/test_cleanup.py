# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys are retired or deleted, by what statements, and what prevents it."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.apply import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.options import ARGUMENT_SPEC, CleanupOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import TableNames
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.options import AuthOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_keys import ALL, GONE, NEW, WORKS, FakeKeys, resolved, row, server

IDS = [one.id for one in ALL]
OLD_TABLE = tuple(row(name, kind, day) for name, kind, day in [("new", "bare_unicode", 9), ("works", "bare", 5), ("also", "envelope", 4)])


def clean(database, check=False, of=None, **options):
    return clean_up(database, CleanupOptions(**options), of or resolved(), check)


def options_of(**params):
    auth = AuthOptions("default", None, None, None, [], "encrypted", TableNames())
    return CleanupOptions.of({**{name: option.get("default") for name, option in ARGUMENT_SPEC.items()}, **params}, auth)


@pytest.mark.parametrize(
    ("options", "retired", "removed"),
    [
        ({}, ["new", "also"], []),
        ({"malformed": True}, ["new", "damaged", "also"], []),
        ({"action": "retire", "selection": "all"}, [name for name in IDS if name != "a-gone"], []),
        ({"action": "delete"}, [], ["new", "a-gone", "also"]),
        ({"action": "delete", "selection": "all"}, [], IDS),
        ({"selection": "expired"}, [], ["a-gone"]),
    ],
)
def test_the_selected_keys_newest_first(options, retired, removed):
    database = FakeKeys(overdue=["a-gone"])
    report = clean(database, **options).report()
    assert (report["retired"], report["removed"], report["changed"]) == (retired, removed, True)
    assert [one.id for one in database.rows if not one.expired] == [name for name in IDS if name not in (*retired, *removed, "a-gone")]
    assert not clean(database, **options).report()["changed"]


def test_keys_of_release_1_3_can_only_be_deleted():
    database = FakeKeys(OLD_TABLE, can_retire=False)
    assert clean(database).report()["removed"] == ["new", "also"]
    assert "expiresAt" not in "".join(one.sql for one in database.written[0])
    with pytest.raises(RunbookError, match="action: retire: the table has no column expiresAt .*Use action: delete."):
        clean(database, action="retire")
    with pytest.raises(RunbookError, match="selection: expired: the table has no column expiresAt"):
        clean(database, selection="expired")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grace_period": -1}, "grace_period: must not be less than 0"),
        ({"keep_backups": 0}, "keep_backups: must be at least 1"),
        ({"state": "restored", "action": "delete"}, "Leave action out"),
        ({"state": "restored", "selection": "all"}, "Leave selection out"),
        ({"state": "restored", "malformed": True}, "Leave malformed out"),
        ({"backup_id": "1"}, "only valid with state: restored"),
        ({"selection": "expired", "action": "retire"}, "retired already. Use action: delete"),
        ({"selection": "expired", "malformed": True}, "Leave it out with selection: expired"),
        ({"backup_table": "a$1"}, "is not a valid name"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(RunbookError, match=message):
        options_of(**options)


def test_the_defaults_of_the_module_are_those_of_the_object():
    assert options_of() == CleanupOptions()
    assert options_of(state="restored", backup_id="1", force=True) == CleanupOptions(state="restored", backup_id="1", force=True)


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(("action", "per_key"), [("retire", 2), ("delete", 1)])
def test_one_transaction_in_the_order_of_ids(action, per_key, exists):
    database = FakeKeys(exists=exists)
    backup_id = clean(database, action=action, keep_backups=3).backup_id
    lock, *middle, prune = database.written[0]
    assert "pg_advisory_xact_lock" in lock.sql and lock.parameters == ("public.jwks",)
    created = middle[: 0 if exists else 3]
    assert [one.sql.split(" ", 2)[:2] for one in created] == [["CREATE", "TABLE"], ["DO", "$do$"], ["ALTER", "TABLE"]][: len(created)]
    taken = middle[len(created) :]
    names = ["also", "new"] if action == "retire" else ["a-gone", "also", "new"]
    assert [one.parameters[2] for one in taken[::per_key]] == names
    assert {'INSERT INTO "public"."runbook_jwks_backup" (backup_id, ' in one.sql for one in taken[::per_key]} == {True}, "a row is backed up as it is deleted"
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


@pytest.mark.parametrize("options", [{}, {"action": "delete"}, {"selection": "all"}])
def test_check_mode_predicts_and_writes_nothing(options):
    database, real = FakeKeys(), FakeKeys()
    predicted, done = clean(database, check=True, **options), clean(real, **options)
    assert not database.written and predicted.backup_id is None and done.backup_id
    assert predicted.diff() == done.diff() and predicted.report()["sign_in"] == done.report()["sign_in"]


def test_a_new_backup_table_is_its_owner_s_alone():
    database = FakeKeys(exists=False)
    clean(database)
    _lock, _create, revoke, protect, *_rest = (one.sql for one in database.written[0])
    assert "REVOKE ALL ON TABLE" in revoke and """'"public"."runbook_jwks_backup"'::regclass""" in revoke
    assert protect == 'ALTER TABLE "public"."runbook_jwks_backup" ENABLE ROW LEVEL SECURITY'


def test_a_backup_table_whose_rows_are_hidden_is_refused():
    database = FakeKeys()
    database.hides_backups = "true"
    with pytest.raises(RunbookError, match="Row security hides the rows of the backup table public.runbook_jwks_backup from the database user todo"):
        clean(database)
    assert not database.written


def test_nothing_to_do():
    database = FakeKeys([WORKS], denied=("UPDATE", "CREATE"))
    report = clean(database).report()
    assert not database.written and (report["changed"], report["backup_id"], report["sign_in"]) == (False, None, "ok")


@pytest.mark.parametrize(
    ("options", "denied", "exists", "missing"),
    [
        ({}, ("UPDATE",), True, ["UPDATE on public.jwks"]),
        ({"action": "delete"}, ("DELETE",), True, ["DELETE on public.jwks"]),
        ({}, ("CREATE",), False, ["CREATE on schema public"]),
        ({}, ("UPDATE", "backup INSERT"), True, ["UPDATE on public.jwks", "INSERT on public.runbook_jwks_backup"]),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_missing_privilege(options, denied, exists, missing, check):
    database = FakeKeys(denied=denied, exists=exists)
    with pytest.raises(RunbookError, match="user todo lacks privileges: .*Nothing was changed") as refused:
        clean(database, check, **options)
    assert refused.value.facts == {"missing_permissions": missing} and not database.written


def test_another_table_of_the_backup_s_name_is_left_alone():
    database = FakeKeys(exists="id,was")
    with pytest.raises(RunbookError, match="public.runbook_jwks_backup is not a backup table of this module. Set another"):
        clean(database)
    assert not database.written


@pytest.mark.parametrize("selection", ["unreadable", "all", "expired"])
def test_only_the_selection_by_secret_requires_a_confirmed_one(selection):
    database, unconfirmed = FakeKeys([NEW, GONE], overdue=["a-gone"]), resolved()
    if selection != "unreadable":
        assert clean(database, of=unconfirmed, selection=selection).changed_ids
        return
    with pytest.raises(RunbookError, match="no running auth server was given"):
        clean(database, of=unconfirmed)
    assert not database.written
    assert clean(database, of=resolved(unconfirmed.secrets, server())).changed_ids == ("new",)
