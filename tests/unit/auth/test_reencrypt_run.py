# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A whole run over tables: what is written, what is left, and who interferes."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth import reencrypt, reencrypt_tables
from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import NONCE, Reading, read_text
from ansible_collections.runbook.minikube.plugins.module_utils.auth.other_data import PLACES, Place
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_report import report
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_run import ATTEMPTS, Run
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_tables import find_tables, names_of_others
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from reencrypt_data import STAGE_0, STAGE_1, STAGE_2, STAGE_4, TO_B2, bare, database, found_tables, numbers, run, signer, work

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


def test_an_answer_that_is_lost_is_no_sign_that_nothing_was_written():
    played = database()

    def lost():
        raise DatabaseError("the connection broke", unknown=True)

    played.before = lost
    with pytest.raises(RunbookError, match="the connection broke .*not known whether the last values were written") as failed:
        run(played)
    assert failed.value.facts == {"changed": True}
    assert "Nothing was changed" not in str(failed.value)


def test_a_database_that_is_set_to_read_only_is_not_written():
    played = database()
    played.read_only = "on"
    with pytest.raises(RunbookError, match="default_transaction_read_only"):
        run(played)
    assert not played.writes


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
    assert [len(json.loads(one.parameters[0])) for one in seen if one.sql.startswith('UPDATE "twoFactor"')] == [4, 4, 2]


def test_a_signer_that_writes_something_else_keeps_the_old_secret_needed():
    played = database()
    tables, missing = found_tables(played)
    outcome = Run(played, work(), 100, check=False).over(tables)
    for signers, droppable in (([STAGE_2], True), ([STAGE_2, STAGE_1], False), ([STAGE_2, None], False), ([], False)):
        assert report(outcome, TO_B2, [signer(one) for one in signers], missing)["old_droppable"] is droppable


def test_a_place_of_the_list_is_all_that_it_takes(monkeypatch):
    """What lies under the secret grows with releases: one more line in other_data.py."""
    monkeypatch.setattr(reencrypt_tables, "PLACES", (*PLACES, Place("oauthApplication", "clientSecret", always=False)))
    played = database()
    played.tables["oauthApplication"] = [{"id": "o", "clientSecret": bare()}]
    assert numbers(run(played))["clientSecret"] == {"reencrypted": 1}
