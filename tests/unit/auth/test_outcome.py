# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cleanup tells: ids and states, and nothing of a secret or a private key."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.outcome import Outcome
from fake_keys import ALL, ALSO, DAMAGED, GONE, NEW, PLAIN, REAL, WORKS, A, B, given, keys, signer


def outcome(before=ALL, after=ALL, **more):
    return Outcome(keys(*before), keys(*after), given(A, signer(), signer(B), signer(None)), "public.b", **more)


RETIRED = [replace(one, expired=True) for one in (NEW, ALSO)]
CASES = [
    (outcome(), {"before": {}, "after": {}}),
    (
        outcome(after=[*RETIRED, WORKS], retired=("new", "also"), backup_id="1"),
        {"before": {"new": "in use", "also": "in use"}, "after": {"new": "retired", "also": "retired"}},
    ),
    (outcome(after=[WORKS], removed=("new", "a-gone")), {"before": {"new": "in use", "a-gone": "retired"}, "after": {}}),
    (
        outcome(before=[GONE], restored=("new", "a-gone")),
        {"before": {"a-gone": "retired"}, "after": {"new": "in use", "a-gone": "retired"}},
    ),
]


@pytest.mark.parametrize(("told", "diff"), CASES)
def test_the_diff_has_the_keys_that_change_by_id_and_state(told, diff):
    assert told.diff() == diff
    assert told.report()["changed"] == bool(diff["before"] or diff["after"])


@pytest.mark.parametrize("told", [told for told, _diff in CASES])
def test_nothing_of_a_key_or_a_secret_is_told(told):
    said = json.dumps([told.report(), told.diff(), told.warnings()], ensure_ascii=False) + repr(told)
    parts = [text[:30] for one in REAL["keys"].values() for text in re.findall("[0-9A-Za-z_-]{40,}", one["privateKey"])]
    assert len(parts) > len(REAL["keys"])
    assert [text for text in (*parts, *REAL["secrets"].values()) if text in said] == []


def test_the_report():
    told = outcome(after=[*RETIRED, WORKS], retired=("new", "also"), backup_id="1").report()
    assert [told[name] for name in ("retired", "removed", "restored")] == [["new", "also"], [], []]
    assert (told["backup_id"], told["backup_table"]) == ("1", "public.b")
    assert (told["sign_in_before"], told["sign_in"]) == ("broken", "works")
    assert [one["id"] for one in told["signing_keys"]] == [one.id for one in ALL]
    assert told["counts"] == {"readable": 1, "unreadable": 3, "unencrypted": 1, "malformed": 1}
    assert [one["secret"] for one in told["signers"]] == ["same", "different", "none"]


@pytest.mark.parametrize(
    ("after", "more", "words"),
    [
        ([NEW], {}, "key new signs, and it was encrypted with another secret. Run with state: cleaned"),
        ([DAMAGED], {}, "set malformed: true"),
        ([PLAIN], {}, "private_keys: unencrypted"),
        ([NEW], {"restored": ("new",)}, "Bring back the secret"),
        ([WORKS, NEW], {}, None),
        ([GONE], {}, None),
    ],
)
def test_what_is_left_to_do(after, more, words):
    warnings = outcome(after=after, **more).warnings()
    assert len(warnings) == bool(words)
    assert not words or ("Nobody can sign in" in warnings[0] and words in warnings[0])
