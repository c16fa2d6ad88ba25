# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How often the example's backend fetches keys for unknown tokens, and how long an event that fails waits."""

from __future__ import annotations

from pathlib import Path

import pytest
from load_file import load_file

SOURCE = Path(__file__).resolve().parents[3] / "examples/todo/backend/limits.py"
limits = load_file("todo_backend_limits", SOURCE)


def test_a_rate_allows_a_burst_and_then_what_the_period_allows():
    rate = limits.RateLimit(calls=3, seconds=10)
    assert [rate.allow(now) for now in (0, 1, 2, 3, 9.9)] == [True, True, True, False, False]
    assert [rate.allow(now) for now in (10, 10.5, 11, 12, 13)] == [True, False, True, True, False]


def test_what_was_added_is_recent_for_the_period():
    recent = limits.Recent(seconds=5)
    recent.add("a", 0)
    assert [recent.has("a", now) for now in (0, 4.9, 5, 60)] == [True, True, False, False]
    assert not recent.has("b", 0)


def test_recent_ones_do_not_pile_up():
    recent = limits.Recent(seconds=5)
    for second in range(100):
        recent.add(str(second), second)
    assert len(recent._added) == 5


def test_the_pause_doubles_up_to_the_longest():
    backoff = limits.Backoff(first=5, longest=60)
    pauses, now = [], 0.0
    for _attempt in range(6):
        pauses.append(backoff.failed("a", now))
        now += pauses[-1]
    assert pauses == [5, 10, 20, 40, 60, 60]


@pytest.mark.parametrize(("now", "waiting"), [(0, ["a"]), (4.9, ["a"]), (5, [])])
def test_only_the_one_that_failed_waits_and_only_for_its_pause(now, waiting):
    backoff = limits.Backoff(first=5, longest=60)
    backoff.failed("a", 0)
    assert backoff.waiting(now) == waiting


def test_one_that_no_longer_exists_is_forgotten():
    backoff = limits.Backoff(first=5, longest=60)
    backoff.failed("a", 0)
    assert backoff.waiting(65) == []
    assert backoff.failed("a", 65) == 5
