# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decides when the header and the clock of a running task are due. Prints nothing and reads no time: callers pass it, in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Run:
    """A task that runs on a host."""

    task: object
    began: float
    lap_began: float


class RunningTasks:
    """The tasks that are running now, per host. A task is identified by its UUID; ``task`` is what ``header_due`` returns for it."""

    def __init__(self, header_after: float, clock_interval: float):
        self._header_after = header_after
        self._clock_interval = clock_interval
        self._runs: dict[tuple[str, str], _Run] = {}
        self._shown_steps: dict[str, int] = {}

    def begin(self, host: str, uuid: str, task: object, now: float) -> None:
        """A task begins on a host."""
        if not self.includes(uuid):
            self._shown_steps[uuid] = 0
        self._runs[host, uuid] = _Run(task, now, now)

    def lap(self, host: str, uuid: str, now: float) -> float:
        """An item of the task's loop ends: how long it took."""
        run = self._runs.get((host, uuid))
        if run is None:
            return 0.0
        began, run.lap_began = run.lap_began, now
        return now - began

    def end(self, host: str, uuid: str, now: float) -> float:
        """The task ends on a host: how long it ran, 0 if its beginning was not reported."""
        run = self._runs.pop((host, uuid), None)
        if not self.includes(uuid):
            self._shown_steps.pop(uuid, None)
        return now - run.began if run else 0.0

    def lasted(self, seconds: float) -> bool:
        """Whether a task or an item of this duration is shown though it changed nothing."""
        return seconds >= self._header_after

    def includes(self, uuid: str | None) -> bool:
        """Whether the task runs on a host."""
        return any(uuid == running for _host, running in self._runs)

    def header_due(self, shown: str | None, now: float) -> object | None:
        """The task whose header is to be printed now: the one that has run longest, unless the task of the last header, ``shown``, still runs."""
        if self.includes(shown) or not self._runs:
            return None
        oldest = min(self._runs.values(), key=lambda run: run.began)
        return oldest.task if self.lasted(now - oldest.began) else None

    def clock_due(self, shown: str | None, now: float) -> float | None:
        """The seconds that the clock of the task ``shown`` has to show, once per interval."""
        if shown is None or not self.includes(shown):
            return None
        began = min(run.began for (_host, uuid), run in self._runs.items() if uuid == shown)
        step = int((now - began) // self._clock_interval)
        if step <= self._shown_steps[shown]:
            return None
        self._shown_steps[shown] = step
        return step * self._clock_interval


def duration(seconds: float) -> str:
    """For example "0.6 s", "12 s", "2 min", "2 min 5 s"."""
    if seconds < 60:
        return f"{round(seconds, 1):g} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
