# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A whole run over tables: what is written, what is left unchanged, and concurrent writers."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.ciphertext import NONCE_SIZE, DecryptResult, decrypt_text
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.encrypted_columns import ENCRYPTED_COLUMNS
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import TableNames
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt import plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.apply import ATTEMPTS, Reencryption
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.names import additional_columns, other_table_names
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.tables import find_tables
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from reencrypt_data import IDLE, OLD_REMOVED, PROMOTED, TO_B2, bare, job, numbers, run, sample_tables, server

WHOLE = {
    "privateKey": {"reencrypted": 3, "already_current": 1, "plain": 1},
    "secret": {"reencrypted": 7},
    "backupCodes": {"reencrypted": 7},
    "accessToken": {"reencrypted": 1},
    "refreshToken": {"plain": 1},
    "idToken": {},
}


def test_all_of_it_and_then_nothing():
    database = sample_tables()
    before = json.loads(json.dumps(database.tables))
    predicted = run(database, check=True)
    assert (database.tables, database.writes) == (before, 0)
    done = run(database)
    assert done == predicted
    assert done["changed"] and numbers(done) == WHOLE
    assert (done["remaining_with_old_secret"], done["old_secret_removable"], done["target"]) == (0, True, {"form": "envelope", "version": 2})
    assert [decrypt_text(row["secret"], OLD_REMOVED).text for row in database.tables["twoFactor"]] == [f"S{number}" for number in range(7)]
    assert [decrypt_text(row["backupCodes"], OLD_REMOVED).text for row in database.tables["twoFactor"]] == [f"C{number}" for number in range(7)]
    for row, was in zip(database.tables["jwks"], before["jwks"], strict=True):
        assert (row["id"], row["publicKey"]) == (was["id"], was["publicKey"])
    writes = database.writes
    again = run(database)
    assert not again["changed"] and database.writes == writes
    assert numbers(again)["secret"] == {"already_current": 7} and again["diff"]["before"] == again["diff"]["after"]


def test_a_diff_names_keys_and_counts_the_rest():
    diff = run(sample_tables(), check=True)["diff"]
    assert diff["before"]["keys"] == {"bare": "other secret", "bare_unicode": "other secret", "envelope": "other secret"}
    assert diff["before"]["twoFactor.secret"] == {"target secret": 0, "other secrets": 7}
    assert diff["after"]["twoFactor.secret"] == {"target secret": 7, "other secrets": 0}


def test_nonces_are_never_the_same():
    database = sample_tables(factors=20)
    run(database)
    encrypted = [row[column] for row in database.tables["twoFactor"] for column in ("secret", "backupCodes")]
    assert len({text.split("$")[-1][: 2 * NONCE_SIZE] for text in encrypted}) == 40


def test_only_the_keys():
    database = sample_tables()
    done = run(database, scope_all=False)
    assert (done["remaining_with_old_secret"], done["old_secret_removable"]) == (15, False)
    assert numbers(done)["secret"] == {"skipped": 7} and numbers(done)["privateKey"] == WHOLE["privateKey"]
    assert database.tables["twoFactor"] == sample_tables().tables["twoFactor"]


def test_an_interrupted_run_is_completed_by_the_next():
    database = sample_tables()

    def cut():
        if database.writes == 4:
            raise DatabaseError("terminating connection", "57P01")

    database.before = cut
    with pytest.raises(RunbookError, match=r'"twoFactor": terminating .* values were re-encrypted .* run again') as broken:
        run(database)
    assert broken.value.facts["changed"]
    database.before = lambda: None
    done = run(database)
    assert numbers(done)["privateKey"] == {"already_current": 4, "plain": 1}
    assert 0 < numbers(done)["secret"]["already_current"] < 7 and sum(numbers(done)["secret"].values()) == 7
    assert done["remaining_with_old_secret"] == 0


def test_a_row_that_changes_meanwhile_is_planned_again():
    database = sample_tables()
    changes = iter(["first", "second"])

    def meanwhile():
        for change in changes:
            database.tables["twoFactor"][1]["secret"] = bare(change)
            return

    database.before = meanwhile
    done = run(database)
    assert numbers(done)["secret"] == {"reencrypted": 7}
    assert decrypt_text(database.tables["twoFactor"][1]["secret"], OLD_REMOVED).text == "second"


def test_two_concurrent_runs():
    database = sample_tables()
    other = iter([True])

    def meanwhile():
        if next(other, False):
            run(database)

    database.before = meanwhile
    done = run(database)
    assert numbers(done)["privateKey"] == {"already_current": 4, "plain": 1} and numbers(done)["secret"] == {"already_current": 7}
    assert not done["changed"]  # the other run did it all


def test_a_row_that_is_deleted_meanwhile():
    database = sample_tables()
    database.before = lambda: database.tables["twoFactor"].pop() if len(database.tables["twoFactor"]) > 5 else None
    assert numbers(run(database))["secret"] == {"reencrypted": 5}


def test_a_row_that_never_stays_is_a_clear_failure():
    database = sample_tables()
    counter = itertools.count()

    def meanwhile():
        database.tables["twoFactor"][1]["secret"] = bare(f"again {next(counter)}")

    database.before = meanwhile
    with pytest.raises(RunbookError, match=f"changed between reading and writing in each of {ATTEMPTS} attempts"):
        run(database)
    assert decrypt_text(database.tables["twoFactor"][2]["secret"], IDLE).state == "readable"  # the page was left whole


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_conflicts_of_concurrent_writers(sqlstate):
    database = sample_tables()
    deadlocks = iter([True, True])

    def meanwhile():
        if next(deadlocks, False):
            raise DatabaseError("deadlock detected", sqlstate)

    database.before = meanwhile
    assert numbers(run(database)) == WHOLE


def test_a_locked_row_is_reported():
    database = sample_tables()

    def locked():
        raise DatabaseError("canceling statement due to lock timeout. Somebody else holds a lock", "55P03")

    database.before = locked
    with pytest.raises(RunbookError, match=r'^"jwks": canceling .* Nothing was changed.$') as refused:
        run(database)
    assert refused.value.facts == {"changed": False}


def test_a_lost_answer_does_not_mean_that_nothing_was_written():
    database = sample_tables()

    def lost():
        raise DatabaseError("the connection broke", unknown=True)

    database.before = lost
    with pytest.raises(RunbookError, match="the connection broke .*either all or none of the last values were written") as failed:
        run(database)
    assert failed.value.facts == {"changed": True}
    assert "Nothing was changed" not in str(failed.value)


def test_a_read_only_database_is_not_written():
    database = sample_tables()
    database.read_only = "on"
    with pytest.raises(RunbookError, match="default_transaction_read_only"):
        run(database)
    assert not database.writes


def test_a_trigger_that_changes_what_is_written():
    database = sample_tables()
    database.trigger = lambda value: value[:50]
    with pytest.raises(RunbookError, match="A trigger or rule changes what is written"):
        run(database)
    assert database.tables == sample_tables().tables


def test_what_can_not_be_decrypted_afterwards_is_a_failure(monkeypatch):
    database = sample_tables()
    reencryption = Reencryption(database, job(), 3, check=False)
    real, counts = plan.decrypt_text, Counter()

    def damaged(value, secrets):
        counts[value] += 1
        return DecryptResult("envelope", "unreadable", 2) if value.startswith("$ba$2") and counts[value] > 1 else real(value, secrets)

    monkeypatch.setattr(plan, "decrypt_text", damaged)
    tables = find_tables(database, None, other_table_names(None, {}, {}), True, ENCRYPTED_COLUMNS).tables
    with pytest.raises(RunbookError, match="secret of row 000 was written and can't be decrypted since"):
        reencryption.run(tables)


def test_pages_follow_the_primary_key_and_have_no_more_rows_than_requested():
    database = sample_tables(factors=10)
    statements_run = []
    real = database.run
    database.run = lambda statements, write: statements_run.append(statements[0]) or real(statements, write)
    run(database, batch=4)
    pages = [one for one in statements_run if "LIMIT" in one.sql and '"twoFactor"' in one.sql]
    assert [one.parameters for one in pages] == [(), ("003",), ("007",), ("009",)]
    assert all("ORDER BY t.\"id\" LIMIT 4" in one.sql for one in pages)
    assert [len(json.loads(one.parameters[0])) for one in statements_run if one.sql.startswith('UPDATE "twoFactor"')] == [4, 4, 2]


def test_a_further_column_is_enough():
    """The encrypted columns grow with releases, by a line in encrypted_columns.py, and with applications, by the option additional_columns."""
    database = sample_tables()
    database.tables["oauthApplication"] = [{"id": "o", "clientSecret": bare()}]
    (further,) = additional_columns(["oauthApplication.clientSecret"])
    others = {**other_table_names(None, {}, {}), "oauthApplication": TableNames("oauthApplication")}
    found = find_tables(database, TableNames(), others, True, (*ENCRYPTED_COLUMNS, further))
    done = report(Reencryption(database, job(), 3, check=False).run(found.tables), TO_B2, [server(PROMOTED)], found)
    assert numbers(done)["clientSecret"] == {"reencrypted": 1}
    del database.tables["oauthApplication"]
    with pytest.raises(RunbookError, match="additional_columns: The database|additional_columns: .* has no oauthApplication. Nothing was changed"):
        find_tables(database, TableNames(), others, True, (*ENCRYPTED_COLUMNS, further))
