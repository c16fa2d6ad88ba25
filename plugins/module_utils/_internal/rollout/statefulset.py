# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waits, and deletes pods of previous revisions that a StatefulSet's controller would wait for forever."""

from __future__ import annotations

import time
from dataclasses import replace

from ..workloads.model import FAILED, Cause, WaitOptions
from ..workloads.observe import WorkloadWatcher
from ..workloads.progress import RolloutProgress
from ..workloads.wait import FINAL_EVENTS, WaitResult, wait_for
from .actions import PodDeletion
from .apply import apply


def wait_deleting_stuck_pods(
    watcher: WorkloadWatcher, options: WaitOptions, timeout: float, progress: RolloutProgress | None = None
) -> tuple[WaitResult, list[PodDeletion]]:
    """As wait_for, but continues after a failure that only such pods cause. Also returns what was deleted."""
    began = time.monotonic()
    deleted: list[PodDeletion] = []
    result = wait_for(watcher, options, timeout, progress)
    while not result.timed_out and time.monotonic() - began < timeout and (causes := _only_stuck_pods(result)):
        deletions = [item for item in _deletions(watcher, causes) if item.uid not in {done.uid for done in deleted}]
        apply(watcher.cluster, watcher.observation.namespace, deletions)
        deleted += deletions
        watcher.wait(FINAL_EVENTS)
        result = wait_for(watcher, options, timeout - (time.monotonic() - began), progress)
    return replace(result, seconds=time.monotonic() - began), deleted


def _only_stuck_pods(result: WaitResult) -> list[Cause]:
    causes = result.status.causes if result.status.state == FAILED else []
    return causes if all(cause.blocks_rollout for cause in causes) else []


def _deletions(watcher: WorkloadWatcher, causes: list[Cause]) -> list[PodDeletion]:
    pods = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in watcher.observation.of("Pod")}
    workloads = {str(workload): workload for workload in watcher.observation.workloads}
    return [PodDeletion(workloads[cause.workload], cause.pod, pods[cause.pod]) for cause in causes if cause.pod and cause.pod in pods]
