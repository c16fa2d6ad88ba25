# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys of a backup are restored, what prevents it, and what is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.options import CleanupOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.restore import restore
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.restore_plan import (
    MISSING,
    MODIFIED,
    RETIRED,
    UNCHANGED,
    BackupRow,
    merge_rows,
    require_sign_in,
    rows_to_restore,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import CountError, DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_keys import ALSO, DAMAGED, NEW, WORKS, B, FakeKeys, keys, resolved, row

SAME, LEFT, CHANGED, LOST = (BackupRow(NEW, state) for state in (UNCHANGED, RETIRED, MODIFIED, MISSING))


def retired(one):
    return replace(one, expires_at="2025-04-01 00:00:00+00", expired=True)


@pytest.mark.parametrize(
    ("backup_rows", "expected"),
    [
        ([], []),
        ([SAME], []),
        ([LEFT, BackupRow(ALSO, UNCHANGED)], [LEFT]),
        ([LOST, BackupRow(ALSO, MISSING)], [LOST, BackupRow(ALSO, MISSING)]),
        ([replace(SAME, newer="2")], []),
        ([replace(LEFT, newer="2")], [replace(LEFT, newer="2")]),
    ],
)
def test_the_rows_to_restore(backup_rows, expected):
    assert rows_to_restore(iter(backup_rows)) == expected


@pytest.mark.parametrize(
    ("backup_rows", "message"),
    [
        ([CHANGED, BackupRow(ALSO, MODIFIED), BackupRow(WORKS, MISSING)], "The keys also, new have changed since the cleanup.*Nothing was changed"),
        ([BackupRow(ALSO, MISSING), replace(LOST, newer="f00d")], "Key new is also in a later backup.*Nothing was changed.*backup_id: f00d"),
    ],
)
def test_what_is_refused(backup_rows, message):
    with pytest.raises(RunbookError, match=message):
        rows_to_restore(backup_rows)


@pytest.mark.parametrize(
    ("restored", "order"),
    [
        ([LOST], ["new", "works"]),
        ([BackupRow(ALSO, MISSING), LOST], ["new", "works", "also"]),
        ([BackupRow(row("first", "x", 5), MISSING)], ["first", "works"]),
        ([BackupRow(row("younger", "x", 5), MISSING)], ["works", "younger"]),
        ([BackupRow(replace(NEW, created_at="2025-01-05 12:00:00.1+00"), MISSING)], ["new", "works"]),
        ([BackupRow(retired(WORKS), RETIRED)], ["works"]),
    ],
)
def test_the_rows_afterwards_are_newest_first_and_of_one_time_by_id(restored, order):
    after = merge_rows([WORKS], restored)
    assert [one.id for one in after] == order
    assert all(one.row in after for one in restored)


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
    with pytest.raises(RunbookError, match=f"Restoring key {after[0].id} .*Nothing was changed.*force: true"):
        require_sign_in(keys(*before), keys(*after), force=False)


def run(database, check=False, secrets=B, **options):
    return restore(database, CleanupOptions(state="restored", **options), resolved(secrets), check)


def both(state=RETIRED):
    """A table after a cleanup, and its backups, the latest first; their rows are in the order of ids."""
    rows = [retired(NEW), WORKS, retired(ALSO)] if state == RETIRED else [WORKS]
    return FakeKeys(rows, backups={"latest": [BackupRow(ALSO, state), BackupRow(NEW, state)], "first": [BackupRow(WORKS, UNCHANGED)]})


@pytest.mark.parametrize(("state", "word"), [(RETIRED, 'UPDATE "jwks"'), (MISSING, 'INSERT INTO "jwks"')])
@pytest.mark.parametrize("requested", [None, "latest"])
def test_one_transaction_that_ends_with_a_check_of_every_key(state, word, requested):
    database = both(state)
    report = run(database, backup_id=requested, secrets=B).report()
    assert (report["changed"], report["restored"], report["backup_id"]) == (True, ["new", "also"], "latest")
    lock, *written, check = database.written[0]
    assert "pg_advisory_xact_lock" in lock.sql
    assert [(one.sql[: len(word)], one.parameters, one.count) for one in written] == [
        (word, ("latest", "also"), 1), (word, ("latest", "new"), 1),
    ]  # fmt: skip
    assert (check.parameters, check.count) == (("latest", "also\nnew"), 2)
    assert not run(database).report()["changed"] and len(database.written) == 1


def test_restored_is_in_the_order_of_the_keys_with_check_too():
    database = both(MISSING)
    predicted = run(database, check=True)
    assert not database.written
    assert predicted.restored == run(database).restored == ("new", "also")
    assert predicted.diff() == {"before": {}, "after": {"new": "in use", "also": "in use"}}


def test_nothing_to_restore():
    database = both()
    report = run(database, backup_id="first").report()
    assert (report["changed"], report["restored"], report["backup_id"], database.written) == (False, [], "first", [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exists": False}, "no backup, as the table public.runbook_jwks_backup does not exist"),
        ({"backups": {}}, "contains no backup of public.jwks, so there is nothing to restore"),
        ({"denied": ("backup SELECT",)}, "lacks privileges: SELECT on public.runbook_jwks_backup"),
        ({"denied": ("UPDATE",)}, "lacks privileges: UPDATE on public.jwks"),
        ({"backups": {"latest": [BackupRow(NEW, MISSING)]}, "denied": ("INSERT",)}, "lacks privileges: INSERT on public.jwks"),
        ({"backups": {"latest": [CHANGED]}}, "The keys new have changed"),
    ],
)
def test_what_can_not_be_restored(change, message):
    database = both()
    vars(database).update(change)
    with pytest.raises(RunbookError, match=message):
        run(database)
    assert not database.written


def test_a_backup_that_is_not_there():
    with pytest.raises(RunbookError, match="contains no backup no of public.jwks. Available, latest first: latest, first."):
        run(both(), backup_id="no")


def test_breaking_sign_in_needs_force():
    database, secrets = both(), resolved().secrets
    with pytest.raises(RunbookError, match="Restoring key new "):
        run(database, secrets=secrets)
    assert not database.written
    result = run(database, secrets=secrets, force=True)
    assert (result.report()["sign_in_before"], result.report()["sign_in"]) == ("ok", "broken")
    assert "Set the secret back to the one that it was encrypted with" in result.warnings()[0]


def test_a_concurrent_write_is_planned_again():
    database = both()

    def another_client():
        database.rows[0] = NEW
        database.backups["latest"][1] = SAME
        database.before_write = lambda: None
        raise CountError(1, 1, 0)

    database.before_write = another_client
    assert run(database).restored == ("also",)


def fail(*_arguments):
    raise DatabaseError("gone away", unknown=True)


@pytest.mark.parametrize(
    ("after_write", "message"),
    [
        (lambda database: database.backups.update(latest=[CHANGED]), r"The keys new \(backup latest in .*but another client has changed them since"),
        (lambda database: setattr(database, "_answer", fail), r"The change was committed \(backup latest in .*could not be read back: gone away"),
        (fail, "gone away The connection was lost before the commit .* latest in public.runbook_jwks_backup holds the previous rows"),
    ],
)
def test_after_writing_every_error_names_the_backup(after_write, message):
    database = both()
    database.after_write = lambda: after_write(database)
    with pytest.raises(RunbookError, match=message):
        run(database)
    assert len(database.written) == 1


def test_keys_created_meanwhile_count_afterwards():
    database = both()
    database.after_write = lambda: database.rows.insert(0, row("newest", "bare", 30))
    assert run(database, secrets=B).report()["sign_in"] == "broken"
