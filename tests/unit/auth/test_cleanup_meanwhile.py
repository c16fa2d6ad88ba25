# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cleanup does where somebody else writes meanwhile, and where the database goes away."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.cleanup import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import Wish
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import CountError, DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from fake_keys import ALL, ALSO, FakeKeys, given, row


def clean(database, check=False, **wish):
    return clean_up(database, Names(), given(), "encrypted", Wish(**wish), check)


@pytest.mark.parametrize("error", [CountError(1, 1, 0), *(DatabaseError("x", code) for code in ("40001", "40P01", "23505", "42P07"))])
def test_where_somebody_else_wrote_it_is_planned_anew(error):
    database = FakeKeys()

    def somebody():
        database.rows.remove(ALSO)
        database.meanwhile = lambda: None
        raise error

    database.meanwhile = somebody
    assert clean(database).retired == ("new",)
    assert len(database.written) == 2


def raising(error):
    def raise_it():
        raise error

    return raise_it


@pytest.mark.parametrize(
    ("error", "times", "words"),
    [
        (CountError(1, 1, 0), 5, 'table "jwks" did not stay as it was read in any of 5 attempts.*Nothing was changed.*pg_stat_activity'),
        (DatabaseError("x", "40001"), 5, "5 attempts"),
        (DatabaseError("lock timeout", "55P03"), 1, "^lock timeout$"),
        (DatabaseError("no right", "42501"), 1, "^no right$"),
    ],
)
def test_what_can_not_be_written(error, times, words):
    database = FakeKeys()
    database.meanwhile = raising(error)
    with pytest.raises(RunbookError, match=words):
        clean(database)
    assert len(database.written) == times


@pytest.mark.parametrize("action", ["retire", "delete"])
def test_a_key_that_somebody_puts_back_is_named(action):
    database = FakeKeys()
    database.later = lambda: setattr(database, "rows", list(ALL))
    with pytest.raises(RunbookError, match="The keys new, .*also were taken out of use") as failed:
        clean(database, action=action)
    assert f"backup {database.written[0][-2].parameters[0]} in public.runbook_jwks_backup" in str(failed.value)
    assert len(database.written) == 1


@pytest.mark.parametrize(
    ("moment", "error", "words"),
    [
        ("later", DatabaseError("gone away", unknown=True), "not known whether the change was made"),
        ("reading", DatabaseError("gone away"), "The change was made .*could not be read: gone away"),
        ("reading", DatabaseError("gone away", "40001"), "The change was made"),
    ],
)
def test_after_writing_every_error_names_the_backup(moment, error, words):
    database = FakeKeys()
    fail = raising(error)
    database.later = fail if moment == "later" else lambda: setattr(database, "_answer", lambda _asked: fail())
    with pytest.raises(RunbookError, match=words) as failed:
        clean(database)
    assert f"backup {database.written[0][-2].parameters[0]} in public.runbook_jwks_backup" in str(failed.value)
    assert len(database.written) == 1


def test_what_the_application_made_meanwhile_counts_afterwards():
    database = FakeKeys()
    database.later = lambda: database.rows.insert(0, row("newest", "bare", 30))
    outcome = clean(database)
    assert (outcome.report()["sign_in_before"], outcome.report()["sign_in"]) == ("broken", "works")


@pytest.mark.parametrize("check", [True, False])
def test_a_database_that_is_set_to_read_only_is_not_written(check):
    database = FakeKeys()
    database.read_only = "on"
    with pytest.raises(RunbookError, match="default_transaction_read_only"):
        clean(database, check)
    assert not database.written
