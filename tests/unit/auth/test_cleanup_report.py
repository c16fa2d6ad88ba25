# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cleanup reports: ids and states, and nothing of a secret or a private key."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.report import CleanupResult
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.clock import Clock
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import OPTIONAL, REQUIRED, JwksTable, TableNames
from fake_keys import ALL, ALSO, DAMAGED, GONE, NEW, PLAIN, REAL, WORKS, A, B, keys, resolved, server

TABLE = JwksTable(TableNames(), frozenset((*REQUIRED, *OPTIONAL)), ALL, clock=Clock(0))


def result(before=ALL, after=ALL, **more):
    return CleanupResult(keys(*before), keys(*after), resolved(A, server(), server(B), server(None)), "public.b", TABLE, **more)


RETIRED = [replace(one, expired=True) for one in (NEW, ALSO)]
CASES = [
    (result(), {"before": {}, "after": {}}),
    (
        result(after=[*RETIRED, WORKS], retired=("new", "also"), backup_id="1"),
        {"before": {"new": "in use", "also": "in use"}, "after": {"new": "retired", "also": "retired"}},
    ),
    (result(after=[WORKS], removed=("new", "a-gone")), {"before": {"new": "in use", "a-gone": "retired"}, "after": {}}),
    (
        result(before=[GONE], restored=("new", "a-gone")),
        {"before": {"a-gone": "retired"}, "after": {"new": "in use", "a-gone": "retired"}},
    ),
]


@pytest.mark.parametrize(("result_of_case", "diff"), CASES)
def test_the_diff_has_the_keys_that_change_by_id_and_state(result_of_case, diff):
    assert result_of_case.diff() == diff
    assert result_of_case.report()["changed"] == bool(diff["before"] or diff["after"])


@pytest.mark.parametrize("result_of_case", [case for case, _diff in CASES])
def test_nothing_of_a_key_or_a_secret_is_reported(result_of_case):
    printed = json.dumps([result_of_case.report(), result_of_case.diff(), result_of_case.warnings()], ensure_ascii=False) + repr(result_of_case)
    parts = [text[:30] for one in REAL["keys"].values() for text in re.findall("[0-9A-Za-z_-]{40,}", one["privateKey"])]
    assert len(parts) > len(REAL["keys"])
    assert [text for text in (*parts, *REAL["secrets"].values()) if text in printed] == []


def test_the_report():
    report = result(after=[*RETIRED, WORKS], retired=("new", "also"), backup_id="1").report()
    assert [report[name] for name in ("retired", "removed", "restored")] == [["new", "also"], [], []]
    assert (report["backup_id"], report["backup_table"]) == ("1", "public.b")
    assert (report["sign_in_before"], report["sign_in"]) == ("broken", "ok")
    assert [one["id"] for one in report["signing_keys"]] == [one.id for one in ALL]
    assert report["counts"] == {"readable": 1, "unreadable": 3, "unencrypted": 1, "malformed": 1}
    assert [one["secret"] for one in report["auth_servers"]] == ["same", "different", "none"]


@pytest.mark.parametrize(
    ("after", "more", "message"),
    [
        ([NEW], {}, "the active key new can't be used: it was encrypted with a different secret. Run with state: present"),
        ([DAMAGED], {}, "Set malformed: true"),
        ([PLAIN], {}, "private_keys: unencrypted"),
        ([NEW], {"restored": ("new",)}, "Set the secret back"),
        ([WORKS, NEW], {}, None),
        ([GONE], {}, None),
    ],
)
def test_the_next_step(after, more, message):
    warnings = result(after=after, **more).warnings()
    assert len(warnings) == bool(message)
    assert not message or ("Nobody can sign in" in warnings[0] and message in warnings[0])
