# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The progress of a rollout as lines, for a person who waits."""

from __future__ import annotations

import time
from collections.abc import Callable

from .model import COMPLETE, RolloutStatus, WorkloadStatus

INTERVAL = 5  # seconds until the first line, and between two lines
MAX_WORKLOADS = 3  # that a line names


class RolloutProgress:
    """Reports a line when the status has changed, and not more often than every INTERVAL seconds. A rollout that ends sooner has none."""

    def __init__(self, report: Callable[[str], None], now: Callable[[], float] = time.monotonic):
        self._report = report
        self._now = now
        self._reported = now()
        self._line = ""

    def update(self, status: RolloutStatus) -> None:
        """Takes the present status."""
        line = progress_line(status)
        if line != self._line and self._now() - self._reported >= INTERVAL:
            self._report(line)
            self._line, self._reported = line, self._now()


def progress_line(status: RolloutStatus) -> str:
    """How many workloads are ready, and what the others wait for. Pure.

    For example "4 of 7 ready; frontend: Pulling image "frontend:1a2b3c4d5e6f"".
    """
    waiting = [one for one in status.workloads if one.state != COMPLETE]
    texts = [f"{one.workload.name}: {_state(one)}" for one in waiting[:MAX_WORKLOADS]]
    more = [f"and {len(waiting) - MAX_WORKLOADS} more"] if len(waiting) > MAX_WORKLOADS else []
    return "; ".join([f"{len(status.workloads) - len(waiting)} of {len(status.workloads)} ready", *texts, *more])


def _state(status: WorkloadStatus) -> str:
    """The most specific of what is known: the kubelet's last message about a pod that starts, an issue, or what the controller reports."""
    cause = next(iter(status.causes), None)
    if cause is None:
        return next(iter(status.missing), "waiting")
    if cause.category == "starting":
        return cause.message.rstrip(".") or "starting"
    if cause.category == "probe_fails":  # a suspicion, until the time-out
        return f"container {cause.container} is running, but not ready yet"
    return cause.summary if cause.container is None else f"container {cause.container} {cause.summary}"
