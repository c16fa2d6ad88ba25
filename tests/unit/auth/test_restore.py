# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys of a backup go back, what refuses it, and what is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.restore import restore
from ansible_collections.runbook.minikube.plugins.module_utils.auth.restore_plan import (
    AS_IT_WAS,
    AS_IT_WAS_LEFT,
    MISSING,
    OTHER,
    Kept,
    going_back,
    require_sign_in,
    with_them,
)
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import Wish
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import CountError, DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from fake_keys import ALSO, DAMAGED, NEW, WORKS, B, FakeKeys, given, keys, row

SAME, LEFT, CHANGED, LOST = (Kept(NEW, present) for present in (AS_IT_WAS, AS_IT_WAS_LEFT, OTHER, MISSING))


def left(one):
    return replace(one, expires_at="2025-04-01 00:00:00+00", expired=True)


@pytest.mark.parametrize(
    ("kept", "back"),
    [
        ([], []),
        ([SAME], []),
        ([LEFT, Kept(ALSO, AS_IT_WAS)], [LEFT]),
        ([LOST, Kept(ALSO, MISSING)], [LOST, Kept(ALSO, MISSING)]),
        ([replace(SAME, newer="2")], []),
        ([replace(LEFT, newer="2")], [replace(LEFT, newer="2")]),
    ],
)
def test_what_goes_back(kept, back):
    assert going_back(iter(kept)) == back


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ([CHANGED, Kept(ALSO, OTHER), Kept(WORKS, MISSING)], "The keys also, new have changed since the cleanup.*Nothing was changed"),
        ([Kept(ALSO, MISSING), replace(LOST, newer="f00d")], "later backup holds key new too.*Nothing was changed.*backup_id: f00d"),
    ],
)
def test_what_is_refused(kept, words):
    with pytest.raises(RunbookError, match=words):
        going_back(kept)


@pytest.mark.parametrize(
    ("back", "order"),
    [
        ([LOST], ["new", "works"]),
        ([Kept(ALSO, MISSING), LOST], ["new", "works", "also"]),
        ([Kept(row("first", "x", 5), MISSING)], ["first", "works"]),
        ([Kept(row("younger", "x", 5), MISSING)], ["works", "younger"]),
        ([Kept(replace(NEW, created_at="2025-01-05 12:00:00.1+00"), MISSING)], ["new", "works"]),
        ([Kept(left(WORKS), AS_IT_WAS_LEFT)], ["works"]),
    ],
)
def test_the_rows_afterwards_are_newest_first_and_of_one_time_by_id(back, order):
    after = with_them([WORKS], back)
    assert [one.id for one in after] == order
    assert all(one.row in after for one in back)


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ([WORKS], [NEW, WORKS], True),
        ([WORKS], [DAMAGED, WORKS], True),
        ([WORKS], [WORKS, ALSO], False),
        ([ALSO], [NEW, ALSO], False),
        ([], [NEW], False),
    ],
)
def test_sign_in_that_works_is_not_broken_without_force(before, after, refused):
    require_sign_in(keys(*before), keys(*after), force=True)
    if not refused:
        require_sign_in(keys(*before), keys(*after), force=False)
        return
    with pytest.raises(RunbookError, match=f"With key {after[0].id} back.*Nothing was changed.*force: true"):
        require_sign_in(keys(*before), keys(*after), force=False)


def put_back(database, check=False, secrets=B, **wish):
    return restore(database, Names(), given(secrets), "encrypted", Wish(state="restored", **wish), check)


def both(present=AS_IT_WAS_LEFT):
    """A table after a cleanup, and its backups, the latest first; what is kept comes in the order of ids."""
    rows = [left(NEW), WORKS, left(ALSO)] if present == AS_IT_WAS_LEFT else [WORKS]
    return FakeKeys(rows, kept={"latest": [Kept(ALSO, present), Kept(NEW, present)], "first": [Kept(WORKS, AS_IT_WAS)]})


@pytest.mark.parametrize(("present", "word"), [(AS_IT_WAS_LEFT, 'UPDATE "jwks"'), (MISSING, 'INSERT INTO "jwks"')])
@pytest.mark.parametrize("wanted", [None, "latest"])
def test_one_transaction_that_ends_with_a_look_at_every_key(present, word, wanted):
    database = both(present)
    told = put_back(database, backup_id=wanted, secrets=B).report()
    assert (told["changed"], told["restored"], told["backup_id"]) == (True, ["new", "also"], "latest")
    lock, *written, seen = database.written[0]
    assert "pg_advisory_xact_lock" in lock.sql
    assert [(one.sql[: len(word)], one.parameters, one.count) for one in written] == [
        (word, ("latest", "also"), 1), (word, ("latest", "new"), 1),
    ]  # fmt: skip
    assert (seen.parameters, seen.count) == (("latest", "also\nnew"), 2)
    assert not put_back(database).report()["changed"] and len(database.written) == 1


def test_restored_is_in_the_order_of_the_keys_with_check_too():
    database = both(MISSING)
    foretold = put_back(database, check=True)
    assert not database.written
    assert foretold.restored == put_back(database).restored == ("new", "also")
    assert foretold.diff() == {"before": {}, "after": {"new": "in use", "also": "in use"}}


def test_nothing_to_restore():
    database = both()
    told = put_back(database, backup_id="first").report()
    assert (told["changed"], told["restored"], told["backup_id"], database.written) == (False, [], "first", [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"there": False}, "no backup, as there is no table public.runbook_jwks_backup"),
        ({"kept": {}}, "holds no backup of public.jwks, so there is nothing to restore"),
        ({"lacks": ("backup SELECT",)}, "no right to SELECT on public.runbook_jwks_backup"),
        ({"lacks": ("UPDATE",)}, "no right to UPDATE on public.jwks"),
        ({"kept": {"latest": [Kept(NEW, MISSING)]}, "lacks": ("INSERT",)}, "no right to INSERT on public.jwks"),
        ({"kept": {"latest": [CHANGED]}}, "The keys new have changed"),
    ],
)
def test_what_can_not_be_restored(change, words):
    database = both()
    vars(database).update(change)
    with pytest.raises(RunbookError, match=words):
        put_back(database)
    assert not database.written


def test_a_backup_that_is_not_there():
    with pytest.raises(RunbookError, match="holds no backup no of public.jwks. It has, latest first: latest, first."):
        put_back(both(), backup_id="no")


def test_breaking_sign_in_needs_force():
    database, secrets = both(), given().secrets
    with pytest.raises(RunbookError, match="With key new back in use"):
        put_back(database, secrets=secrets)
    assert not database.written
    told = put_back(database, secrets=secrets, force=True)
    assert (told.report()["sign_in_before"], told.report()["sign_in"]) == ("works", "broken")
    assert "Bring back the secret that it was encrypted with" in told.warnings()[0]


def test_where_somebody_else_wrote_it_is_planned_anew():
    database = both()

    def somebody():
        database.rows[0] = NEW
        database.kept["latest"][1] = SAME
        database.meanwhile = lambda: None
        raise CountError(1, 1, 0)

    database.meanwhile = somebody
    assert put_back(database).restored == ("also",)


def fail(*_asked):
    raise DatabaseError("gone away", unknown=True)


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (lambda database: database.kept.update(latest=[CHANGED]), r"The keys new \(backup latest in .*somebody has changed them since"),
        (lambda database: setattr(database, "_answer", fail), r"The change was made \(backup latest in .*could not be read: gone away"),
        (fail, "gone away It is not known whether .* that of backup latest in public.runbook_jwks_backup"),
    ],
)
def test_after_writing_every_error_names_the_backup(later, words):
    database = both()
    database.later = lambda: later(database)
    with pytest.raises(RunbookError, match=words):
        put_back(database)
    assert len(database.written) == 1


def test_what_the_application_made_meanwhile_counts_afterwards():
    database = both()
    database.later = lambda: database.rows.insert(0, row("newest", "bare", 30))
    assert put_back(database, secrets=B).report()["sign_in"] == "broken"
