# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A thread that prints what is due for the running tasks: on a terminal a line that is rewritten, elsewhere a line from time to time.

Ansible forks its workers while it holds Display's lock. The thread has no other lock than that one, and holds it whenever it prints: at a fork it holds none.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

from .running_tasks import RunningTasks, duration


class TaskClock:
    """The clock of ``tasks`` on ``display``. ``shown`` returns the UUID of the task of the last header, ``print_header`` prints one."""

    def __init__(self, display, tasks: RunningTasks, period: float, shown: Callable, print_header: Callable):
        self._display = display
        self._tasks = tasks
        self._period = period
        self._shown = shown
        self._print_header = print_header
        self._on_terminal = sys.stdout.isatty()
        self._width = 0
        self._thread: threading.Thread | None = None
        atexit.register(self.stop)

    def start(self) -> None:
        """Starts the thread, unless it runs."""
        if not self._thread:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Nothing is printed from now on; the thread ends when it wakes up."""
        with self.paused():
            self._thread = None

    @contextmanager
    def paused(self):
        """While others print: the clock's line is gone, and does not come back in between."""
        with self._display._lock:
            self.erase()
            yield

    def erase(self) -> None:
        """Erases the clock's line, without escape sequences."""
        if self._width:
            self._display.display(f"\r{' ' * self._width}\r", screen_only=True, newline=False)
            self._width = 0

    def _run(self):
        try:
            while self._tick():
                time.sleep(self._period)
        except (OSError, ValueError):  # nobody reads the output any more
            return

    def _tick(self) -> bool:
        with self._display._lock:
            if self._thread is not threading.current_thread():
                return False
            task = self._tasks.header_due(self._shown(), time.monotonic())
            if task:
                self._print_header(task)
            seconds = self._tasks.clock_due(self._shown(), time.monotonic())
            if seconds:
                self._show(duration(seconds))
            if not self._on_terminal:
                sys.stdout.flush()  # Ansible itself flushes when the next task begins
            return True

    def _show(self, text: str):
        if not self._on_terminal:
            self._display.display(f"  still running after {text}")
            return
        # The cursor returns to the beginning: a line that a worker prints by Display replaces the clock, as it is longer.
        self._display.display(f"\r  {text}\r", screen_only=True, newline=False)
        self._width = len(text) + 2
