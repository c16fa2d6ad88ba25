# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kills a run of Ansible, and not its workers: what it started goes on without it, as Ansible's workers do."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

LIMIT = 300  # seconds until a worker has begun, or ended
INTERVAL = 0.1


class Orphans:
    """The workers of a run that was killed, and what they have started. They are held where they were, until they are released."""

    def __init__(self, run: subprocess.Popen):
        self._run = run
        try:
            self._workers = self._held()
        finally:
            run.kill()
            run.wait()

    def release(self) -> None:
        """Lets them go on, and returns when all of them have ended."""
        for worker in self._workers:
            send(worker, signal.SIGCONT)
        wait_for(lambda: not any(map(is_running, self._workers)), "the orphans have ended")
        self._run.stdout.close()

    def _held(self) -> list[int]:
        """Those processes, stopped. Waits for the next worker where the last has just ended."""
        held: list[int] = []

        def found() -> bool:
            assert self._run.poll() is None, "the run has ended by itself"
            held.extend(worker for worker in started_by(self._run.pid) if send(worker, signal.SIGSTOP))
            return any(map(is_running, held))

        wait_for(found, "a worker has begun")
        return held


def send(pid: int, number: signal.Signals) -> bool:
    """Sends a signal. False where the process has just ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition, what: str) -> None:
    """Returns when a condition is met."""
    until = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < until, f"not within {LIMIT} s: {what}"
        time.sleep(INTERVAL)


def is_running(pid: int) -> bool:
    """Whether a process is there, and not only what remains of it."""
    return _status(pid)[0] not in ("", "Z", "X")


def started_by(pid: int) -> list[int]:
    """The running processes that a process has started, and those that they have started."""
    every = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    children = [one for one in every if _status(one)[1] == str(pid) and is_running(one)]
    return children + [later for child in children for later in started_by(child)]


def _status(pid: int) -> tuple[str, str]:
    """State and parent of a process, empty where there is none."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return "", ""
    return state, parent
