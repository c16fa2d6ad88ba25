# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When the header and the clock of a running task are due."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.plugin_utils.running_tasks import RunningTasks, duration


@pytest.fixture
def tasks():
    return RunningTasks(header_after=0.5, clock_interval=1)


def test_header_is_due_after_half_a_second(tasks):
    tasks.begin("a", "1", "build", 10)
    assert tasks.header_due(None, 10.4) is None
    assert tasks.header_due(None, 10.5) == "build"
    assert tasks.header_due("0", 10.5) == "build"


def test_header_is_due_once(tasks):
    tasks.begin("a", "1", "build", 10)
    assert tasks.header_due("1", 20) is None


def test_header_is_not_due_after_the_end(tasks):
    tasks.begin("a", "1", "build", 10)
    assert tasks.end("a", "1", 10.25) == 0.25
    assert tasks.header_due(None, 11) is None
    assert tasks.clock_due("1", 11) is None


def test_clock_is_due_once_per_interval(tasks):
    tasks.begin("a", "1", "build", 10)
    assert [tasks.clock_due("1", now) for now in (10.9, 11, 11.2, 11.9, 12.1, 15.5)] == [None, 1, None, None, 2, 5]


def test_clock_starts_again_with_the_next_task(tasks):
    tasks.begin("a", "1", "build", 10)
    assert tasks.clock_due("1", 13) == 3
    tasks.end("a", "1", 13)
    tasks.begin("a", "1", "build", 20)
    assert tasks.clock_due("1", 21) == 1


def test_clock_of_a_log_is_due_each_minute():
    tasks = RunningTasks(header_after=0.5, clock_interval=60)
    tasks.begin("a", "1", "build", 0)
    assert [tasks.clock_due("1", now) for now in (59, 60, 119, 121)] == [None, 60, None, 120]


def test_task_runs_until_its_last_host_ends(tasks):
    tasks.begin("a", "1", "build", 10)
    tasks.begin("b", "1", "build", 11)
    assert tasks.end("a", "1", 12) == 2
    assert tasks.includes("1") and tasks.clock_due("1", 14) == 3
    assert tasks.end("b", "1", 15) == 4
    assert not tasks.includes("1")


def test_parallel_tasks_take_turns(tasks):
    """With the strategy free: the header of another task follows when the one that is shown has ended."""
    tasks.begin("a", "1", "build", 10)
    tasks.begin("b", "2", "load", 10.2)
    assert tasks.header_due(None, 11) == "build"
    assert tasks.header_due("1", 11) is None
    tasks.end("a", "1", 12)
    assert tasks.header_due("1", 12) == "load"
    assert tasks.clock_due("2", 12.5) == 2


def test_items_are_measured_from_the_end_of_the_last(tasks):
    tasks.begin("a", "1", "build", 10)
    assert [tasks.lap("a", "1", now) for now in (10.25, 11.5)] == [0.25, 1.25]
    assert tasks.end("a", "1", 12) == 2


def test_end_of_an_unknown_task_took_no_time(tasks):
    assert tasks.end("a", "1", 10) == 0 and tasks.lap("a", "1", 10) == 0
    assert not tasks.lasted(0) and tasks.lasted(0.5)


@pytest.mark.parametrize(("seconds", "text"), [(0.55, "0.6 s"), (12, "12 s"), (59.94, "59.9 s"), (120, "2 min"), (125.7, "2 min 5 s"), (3600, "60 min")])
def test_duration(seconds, text):
    assert duration(seconds) == text
