# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an old secret can be removed, and why not."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.apply import Reencryption, ReencryptResult
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.search_plan import Elsewhere, SearchResult, Unscanned
from reencrypt_data import ADDED, PROMOTED, TO_B2, found_tables, job, sample_tables, server


def test_the_old_secret_is_needed_while_a_server_encrypts_with_another():
    database = sample_tables()
    found = found_tables(database)
    result = Reencryption(database, job(), 100, check=False).run(found.tables)
    for servers, removable in (([PROMOTED], True), ([PROMOTED, ADDED], False), ([PROMOTED, None], False), ([], False)):
        reported = report(result, TO_B2, [server(one) for one in servers], found)
        assert reported["old_secret_removable"] is removable and bool(reported["blockers"]) is not removable


def test_the_old_secret_is_needed_until_a_missing_table_is_declared_unused():
    database = sample_tables()
    del database.tables["twoFactor"]
    found = found_tables(database)
    result = Reencryption(database, job(), 100, check=False).run(found.tables)
    missing = report(result, TO_B2, [server(PROMOTED)], found)
    assert (missing["old_secret_removable"], missing["missing"]) == (False, ["twoFactor"])
    assert missing["blockers"] == [
        "The table twoFactor was not found. If the application has renamed it, name it in table_names; if it does not use it, list it in unused."
    ]
    assert report(result, TO_B2, [server(PROMOTED)], found, unused=frozenset(["twoFactor"]))["old_secret_removable"]


def test_what_needs_the_old_secret_elsewhere_blocks_its_removal_but_not_in_a_backup():
    database = sample_tables()
    found = found_tables(database)
    result = Reencryption(database, job(), 100, check=False).run(found.tables)
    backup, used = Elsewhere("public.runbook_jwks_backup", "was", 2, backup=True), Elsewhere("public.hooks", "token", 3)
    kept = report(result, TO_B2, [server(PROMOTED)], found, SearchResult([backup]))
    assert (kept["old_secret_removable"], kept["elsewhere"][0]["count"], kept["remaining_with_old_secret"]) == (True, 2, 0)
    needed = report(result, TO_B2, [server(PROMOTED)], found, SearchResult([backup, used]))
    assert (needed["old_secret_removable"], needed["remaining_with_old_secret"]) == (False, 3)
    assert "public.hooks.token has 3 values" in needed["blockers"][0] and "additional_columns" in needed["blockers"][0]
    (other,) = report(result, TO_B2, [server(PROMOTED)], found, SearchResult([replace(used, reencryptable=False)]))["blockers"]
    assert "Have the application write them again" in other and "additional_columns" not in other


def test_what_was_not_searched_blocks_the_removal_until_it_is_listed():
    database = sample_tables()
    found = found_tables(database)
    result = Reencryption(database, job(), 100, check=False).run(found.tables)
    searched = SearchResult([], [Unscanned("billing.notes", "text", "no privilege"), Unscanned("public.big", "", "no time")])
    blocked = report(result, TO_B2, [server(PROMOTED)], found, searched, declared=frozenset(["public.big"]))
    assert blocked["unscanned"] == [{"table": "billing.notes", "column": "text", "reason": "no privilege"}]
    assert not blocked["old_secret_removable"] and "billing.notes.text was not searched: no privilege." in blocked["blockers"][0]
    assert report(result, TO_B2, [server(PROMOTED)], found, searched, declared=frozenset(["public.big", "billing.notes.text"]))["old_secret_removable"]


def test_a_table_is_named_once_where_two_looks_could_not_read_it():
    found = replace(found_tables(sample_tables()), unscanned=[Unscanned("public.account", "", "row security of the table")])
    searched = SearchResult([], [Unscanned("public.account", "", "row security")])
    blocked = report(ReencryptResult(), TO_B2, [server(PROMOTED)], found, searched)
    assert [one["reason"] for one in blocked["unscanned"]] == ["row security of the table"] and len(blocked["blockers"]) == 1
