# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Follows a rollout until the verdict is certain or the time is over."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import (
    COMPLETE,
    FAILED,
    PROGRESSING,
    Options,
    Verdict,
    Workload,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.verdict import give_up, judge

LAST_WORDS = 0.3  # seconds in which the other watches may still bring what explains a failure better


@dataclass(frozen=True)
class Outcome:
    """The last verdict, whether time ran out, and when each workload was complete (seconds from the start)."""

    verdict: Verdict
    timed_out: bool
    finished: dict[Workload, float]
    seconds: float
    outage: str = ""  # why the API server did not answer in the end


def wait_for(feed: Feed, options: Options, timeout: float) -> Outcome:
    """Judges each time that something changes, or that a grace time is over, for at most ``timeout`` seconds."""
    began = time.monotonic()
    finished: dict[Workload, float] = {}

    def look() -> Verdict:
        verdict = judge(feed.observation, feed.cluster.now(), options)
        _note(verdict, finished, time.monotonic() - began)
        return verdict

    verdict = look()
    if verdict.state != COMPLETE:
        feed.watch()
        verdict = look()
    while verdict.state == PROGRESSING or feed.outages:
        left = timeout - (time.monotonic() - began)
        if left <= 0:
            outage = next(iter(feed.outages.values()), "")
            return Outcome(give_up(verdict, feed.cluster.now()), True, finished, time.monotonic() - began, outage)
        feed.wait(left if verdict.recheck is None else min(left, verdict.recheck))
        verdict = look()
    if verdict.state == FAILED:
        feed.wait(LAST_WORDS)
        later = look()
        verdict = verdict if later.state == PROGRESSING else later
    return Outcome(verdict, False, finished, time.monotonic() - began)


def _note(verdict: Verdict, finished: dict[Workload, float], seconds: float) -> None:
    for state in verdict.states:
        if state.state == COMPLETE:
            finished.setdefault(state.workload, seconds)
        else:
            finished.pop(state.workload, None)
