# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cleanup while another client writes, and while the database goes away."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.apply import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.options import CleanupOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import CountError, DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_keys import ALL, ALSO, FakeKeys, resolved, row


def clean(database, check=False, **options):
    return clean_up(database, CleanupOptions(**options), resolved(), check)


@pytest.mark.parametrize("error", [CountError(1, 1, 0), *(DatabaseError("x", code) for code in ("40001", "40P01", "23505", "42P07"))])
def test_a_concurrent_write_is_planned_again(error):
    database = FakeKeys()

    def another_client():
        database.rows.remove(ALSO)
        database.before_write = lambda: None
        raise error

    database.before_write = another_client
    assert clean(database).retired == ("new",)
    assert len(database.written) == 2


def raising(error):
    def raise_it():
        raise error

    return raise_it


@pytest.mark.parametrize(
    ("error", "times", "words"),
    [
        (CountError(1, 1, 0), 5, 'table "jwks" changed between reading and writing in each of 5 attempts.*Nothing was changed.*pg_stat_activity'),
        (DatabaseError("x", "40001"), 5, "5 attempts"),
        (DatabaseError("lock timeout", "55P03"), 1, "^lock timeout$"),
        (DatabaseError("no right", "42501"), 1, "^no right$"),
    ],
)
def test_what_can_not_be_written(error, times, words):
    database = FakeKeys()
    database.before_write = raising(error)
    with pytest.raises(RunbookError, match=words):
        clean(database)
    assert len(database.written) == times


@pytest.mark.parametrize("action", ["retire", "delete"])
def test_a_key_that_another_client_puts_back_is_named(action):
    database = FakeKeys()
    database.after_write = lambda: setattr(database, "rows", list(ALL))
    with pytest.raises(RunbookError, match="The keys new, .*also were (retired|deleted) .*put them back") as failed:
        clean(database, action=action)
    assert f"backup {database.written[0][-2].parameters[0]} in public.runbook_jwks_backup" in str(failed.value)
    assert len(database.written) == 1


@pytest.mark.parametrize(
    ("moment", "error", "words"),
    [
        ("later", DatabaseError("gone away", unknown=True), "connection was lost before the commit was confirmed"),
        ("reading", DatabaseError("gone away"), "The change was committed .*could not be read back: gone away"),
        ("reading", DatabaseError("gone away", "40001"), "The change was committed"),
    ],
)
def test_after_writing_every_error_names_the_backup(moment, error, words):
    database = FakeKeys()
    fail = raising(error)
    database.after_write = fail if moment == "later" else lambda: setattr(database, "_answer", lambda _statements: fail())
    with pytest.raises(RunbookError, match=words) as failed:
        clean(database)
    assert f"backup {database.written[0][-2].parameters[0]} in public.runbook_jwks_backup" in str(failed.value)
    assert len(database.written) == 1


def test_keys_created_meanwhile_count_afterwards():
    database = FakeKeys()
    database.after_write = lambda: database.rows.insert(0, row("newest", "bare", 30))
    report = clean(database).report()
    assert (report["sign_in_before"], report["sign_in"]) == ("broken", "ok")


@pytest.mark.parametrize("check", [True, False])
def test_a_read_only_database_is_not_written(check):
    database = FakeKeys()
    database.read_only = "on"
    with pytest.raises(RunbookError, match="default_transaction_read_only"):
        clean(database, check)
    assert not database.written
