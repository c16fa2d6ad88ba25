# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes the workloads before anything is changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..clients.cluster.access import FORBIDDEN
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..workloads.autoscaler import KIND as AUTOSCALER
from ..workloads.model import RolloutStatus, Workload
from ..workloads.observe import WorkloadWatcher
from ..workloads.snapshot import Snapshot
from ..workloads.status import evaluate
from .options import RolloutOptions
from .stale import find_stale

OBSERVE_TIMEOUT = 10  # seconds in which the controllers are expected to observe a manifest that was just applied
PAUSE = 0.2


@dataclass(frozen=True)
class ObservedRollout:
    """The workloads as observed. ``stale``: why a workload is stale; ``autoscalers``: None if they may not be listed."""

    watcher: WorkloadWatcher
    snapshot: Snapshot
    status: RolloutStatus
    stale: dict[Workload, str] = field(default_factory=dict)
    autoscalers: list[dict] | None = field(default_factory=list)


def observe(cluster: Cluster, options: RolloutOptions, check_mode: bool, hide: Callable = list) -> ObservedRollout:
    """Reads what the plan is made from. Raises RunbookError for a missing permission. ``hide``: called with the values of Secrets."""
    autoscalers = _autoscalers(cluster, options)
    watcher, stale = open_watcher(cluster, options), {}
    if options.restart == "if_stale":
        watcher = watcher if check_mode else _wait_observed(cluster, options, watcher)
        stale = find_stale(cluster, snapshot_of(watcher, options), options.image_ids, options.own_changes, check_mode, hide)
    snapshot = snapshot_of(watcher, options)
    return ObservedRollout(watcher, snapshot, evaluate(watcher.observation, snapshot.now, options.wait), stale, autoscalers)


def open_watcher(cluster: Cluster, options: RolloutOptions) -> WorkloadWatcher:
    """Lists all workloads, with their revisions if they are needed."""
    return WorkloadWatcher.open(cluster, options.namespace, options.targets, options.with_history)


def snapshot_of(watcher: WorkloadWatcher, options: RolloutOptions) -> Snapshot:
    """What the watcher has observed so far."""
    return Snapshot(watcher.observation, watcher.cluster.now(), options.wait)


def _autoscalers(cluster: Cluster, options: RolloutOptions) -> list[dict] | None:
    if all(entry.replicas is None for entry in options.workloads):
        return []
    try:
        return cluster.list(AUTOSCALER, options.namespace)
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
    return None


def _wait_observed(cluster: Cluster, options: RolloutOptions, watcher: WorkloadWatcher) -> WorkloadWatcher:
    """Waits until the controllers have observed what was just applied: pods that they replace anyway are not stale."""
    until = time.monotonic() + OBSERVE_TIMEOUT
    while time.monotonic() < until and not all(view.is_observed for view in snapshot_of(watcher, options).views()):
        time.sleep(PAUSE)
        watcher = open_watcher(cluster, options)
    return watcher
