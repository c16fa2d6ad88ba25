# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waits until the status of a rollout is certain, or the timeout expires."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .model import COMPLETE, FAILED, PROGRESSING, RolloutStatus, WaitOptions, Workload
from .observe import WorkloadWatcher
from .progress import INTERVAL, RolloutProgress
from .status import evaluate, time_out

FINAL_EVENTS = 0.3  # seconds to wait after a failure for events that explain it better


@dataclass(frozen=True)
class WaitResult:
    """The last status, whether the timeout expired, and when each workload was complete (seconds from the start)."""

    status: RolloutStatus
    timed_out: bool
    finished: dict[Workload, float]
    seconds: float
    outage: str = ""  # why the API server did not answer at the end


def wait_for(watcher: WorkloadWatcher, options: WaitOptions, timeout: float, progress: RolloutProgress | None = None) -> WaitResult:
    """Evaluates the status after each change, and when a timeout of a cause expires, for at most ``timeout`` seconds."""
    began = time.monotonic()
    finished: dict[Workload, float] = {}

    def current_status() -> RolloutStatus:
        status = evaluate(watcher.observation, watcher.cluster.now(), options)
        _record_finished(status, finished, time.monotonic() - began)
        return status

    status = current_status()
    if status.state != COMPLETE:
        watcher.watch()
        status = current_status()
    while status.state == PROGRESSING or watcher.outages:
        remaining = timeout - (time.monotonic() - began)
        if remaining <= 0:
            outage = next(iter(watcher.outages.values()), "")
            return WaitResult(time_out(status, watcher.cluster.now()), True, finished, time.monotonic() - began, outage)
        if progress:
            progress.update(status)
        watcher.wait(min(limit for limit in (remaining, status.recheck, INTERVAL if progress else None) if limit is not None))
        status = current_status()
    if status.state == FAILED:
        watcher.wait(FINAL_EVENTS)
        later = current_status()
        status = status if later.state == PROGRESSING else later
    return WaitResult(status, False, finished, time.monotonic() - began)


def _record_finished(status: RolloutStatus, finished: dict[Workload, float], seconds: float) -> None:
    for one in status.workloads:
        if one.state == COMPLETE:
            finished.setdefault(one.workload, seconds)
        else:
            finished.pop(one.workload, None)
