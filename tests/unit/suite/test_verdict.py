# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from recorder import plain
from verdict import FLAKY_LIMIT, flaky_outputs, judge, slowest, to_rerun


def recorded(name: str, outcome: str = "passed", rerun: bool = True, output: str = "", seconds: float = 0.0) -> dict:
    return {"id": name, "outcome": outcome, "rerun": rerun, "output": output, "setup": 0.0, "call": seconds, "teardown": 0.0}


def test_only_failed_tests_run_again_and_none_about_a_leak():
    tests = [recorded("a"), recorded("b", "failed"), recorded("leak", "failed", rerun=False), recorded("c", "skipped")]
    assert to_rerun(tests) == ["b"]


def test_what_passes_the_second_time_is_flaky_and_named():
    first = [recorded("a"), recorded("b", "failed", output="first")]
    again = [recorded("b", output="again")]
    verdict = judge(first, again)
    assert verdict.ok and (verdict.passed, verdict.failed, verdict.flaky) == (["a", "b"], [], ["b"])
    assert verdict.lines()[0].startswith("FLAKY b: ") and verdict.lines()[-1] == "2 passed, 0 failed"
    assert flaky_outputs(first, again, verdict) == [{"id": "b", "first": "first", "again": "again"}]


def test_what_fails_again_or_never_ran_again_has_failed():
    first = [recorded("a"), recorded("b", "failed"), recorded("leak", "failed", rerun=False)]
    verdict = judge(first, [recorded("b", "failed")])
    assert not verdict.ok and verdict.failed == ["b", "leak"]
    assert verdict.lines() == ["FAILED b", "FAILED leak", "1 passed, 2 failed"]


def test_too_many_flaky_tests_fail_the_run():
    names = [f"t{number}" for number in range(FLAKY_LIMIT + 1)]
    verdict = judge([recorded(name, "failed") for name in names], [recorded(name) for name in names])
    assert not verdict.ok and verdict.failed == [] and f"More than {FLAKY_LIMIT} flaky" in verdict.lines()[-2]


def test_a_run_of_nothing_is_no_success():
    assert not judge([], []).ok


def test_skipped_tests_are_counted():
    assert judge([recorded("a"), recorded("b", "skipped")], []).lines()[-1] == "1 passed, 0 failed, 1 skipped"


def test_the_slowest_come_first():
    assert slowest([recorded("a", seconds=1), recorded("b", seconds=3), recorded("c", seconds=2)], 2) == [(3, "b"), (2, "c")]


@pytest.mark.parametrize(
    ("test_id", "name"),
    [("f.py::t@todo", "f.py::t"), ("f.py::t[a@b]@todo", "f.py::t[a@b]"), ("f.py::t[a@b]", "f.py::t[a@b]"), ("f.py::t", "f.py::t")],
)
def test_the_group_is_no_part_of_a_name(test_id, name):
    assert plain(test_id) == name
