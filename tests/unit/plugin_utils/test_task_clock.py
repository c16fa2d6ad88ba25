# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The clock's thread and the forks of Ansible's workers."""

from __future__ import annotations

import threading
from multiprocessing.process import BaseProcess

import pytest
from ansible.executor.process.worker import WorkerProcess
from ansible.utils.display import Display
from ansible_collections.runbook.minikube.plugins.plugin_utils.running_tasks import RunningTasks
from ansible_collections.runbook.minikube.plugins.plugin_utils.task_clock import TaskClock

DISPLAY = Display()


class Printed:
    """A Display that keeps what is printed, and whether another thread could have forked meanwhile."""

    def __init__(self):
        self._lock = threading.RLock()
        self.texts = []
        self.forks_possible = []
        self.printed = threading.Event()

    def display(self, text, **options):
        self.texts.append(text)
        self.forks_possible.append(in_other_thread(lambda: acquired(self._lock)))
        self.printed.set()


def in_other_thread(question):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(question()))
    thread.start()
    thread.join()
    return answers[0]


def acquired(lock) -> bool:
    """Whether the lock was free."""
    if not lock.acquire(blocking=False):
        return False
    lock.release()
    return True


@pytest.fixture
def clock():
    """A clock of a task that has run for a day."""
    tasks = RunningTasks(header_after=0, clock_interval=0.001)
    tasks.begin("localhost", "1", "build", -86400)
    clock = TaskClock(Printed(), tasks, 0.001, lambda: "1", lambda task: None)
    yield clock
    clock.stop()


def test_workers_are_forked_with_the_lock_of_display(monkeypatch):
    """What the clock relies on, in the versions that are tested."""
    free_at_fork = []
    monkeypatch.setattr(BaseProcess, "start", lambda self: free_at_fork.append(in_other_thread(lambda: acquired(DISPLAY._lock))))
    WorkerProcess.start(object.__new__(WorkerProcess))
    assert free_at_fork == [False] and acquired(DISPLAY._lock)


def test_clock_prints_only_with_the_lock(clock):
    clock.start()
    assert clock._display.printed.wait(60)
    clock.stop()
    assert set(clock._display.forks_possible) == {False}
    assert acquired(clock._display._lock)


def test_nothing_is_printed_while_others_print(clock):
    clock.start()
    assert clock._display.printed.wait(60)
    with clock.paused():
        before = len(clock._display.texts)
        assert not acquired_elsewhere(clock)
        assert len(clock._display.texts) == before


def acquired_elsewhere(clock) -> bool:
    return in_other_thread(lambda: acquired(clock._display._lock))


def test_nothing_is_printed_after_the_stop(clock):
    clock.start()
    assert clock._display.printed.wait(60)
    thread = clock._thread
    clock.stop()
    before = len(clock._display.texts)
    thread.join(60)
    assert not thread.is_alive() and len(clock._display.texts) == before


def test_clock_ends_when_nobody_reads(clock):
    def closed(text, **options):
        raise BrokenPipeError

    clock._display.display = closed
    clock.start()
    clock._thread.join(60)
    assert not clock._thread.is_alive()
