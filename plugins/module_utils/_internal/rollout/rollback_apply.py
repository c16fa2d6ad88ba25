# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rolls back after a failure, and waits until the last good revisions are complete again."""

from __future__ import annotations

from dataclasses import dataclass

from ..clients.cluster.client import Cluster
from ..errors import RunbookError
from ..workloads.explain import failure_report
from ..workloads.model import COMPLETE, RolloutStatus, Workload
from ..workloads.observe import WorkloadWatcher
from .apply import apply
from .observe import snapshot_of
from .options import RolloutOptions
from .rollback_plan import RollbackItem, plan_rollback, rollback_message, with_result
from .statefulset import wait_deleting_stuck_pods


@dataclass(frozen=True)
class RollbackResult:
    """The result of a rollback. ``message``: for the failure; ``actions``: what was done, as sentences."""

    message: str
    actions: tuple[str, ...] = ()
    items: tuple[RollbackItem, ...] = ()


def roll_back(
    cluster: Cluster, options: RolloutOptions, last_good: dict[Workload, str], status: RolloutStatus, by: str
) -> RollbackResult:
    """Rolls every workload back to its last good revision. Raises nothing, as a failure here must not hide the first one."""
    incomplete = {one.workload for one in status.workloads if one.state != COMPLETE}
    try:
        watcher = WorkloadWatcher.open(cluster, options.namespace, options.targets, with_history=True)
        items = plan_rollback(snapshot_of(watcher, options), last_good, incomplete, by, options.force_conflicts)
        actions = [action for item in items for action in item.actions]
        apply(cluster, options.namespace, actions)
    except RunbookError as error:
        return RollbackResult(f"The rollback failed as well: {error}")
    if not actions:
        return RollbackResult(rollback_message(items, ""), (), tuple(items))
    return _wait_for_rollback(cluster, options, items, tuple(map(str, actions)))


def _wait_for_rollback(cluster: Cluster, options: RolloutOptions, items: list[RollbackItem], actions: tuple[str, ...]) -> RollbackResult:
    """Waits only for the workloads that were rolled back, as the others may keep failing."""
    rolled_back = tuple(item.workload for item in items if item.revision)
    try:
        watcher = WorkloadWatcher.open(cluster, options.namespace, rolled_back, with_history=True)
        result, deleted = wait_deleting_stuck_pods(watcher, options.wait, options.timeout)
    except RunbookError as error:
        return RollbackResult(rollback_message(items, str(error)), actions, tuple(items))
    items, failure = with_result(items, result.status), ""
    if result.status.state != COMPLETE:
        failure = failure_report(cluster, options.namespace, result, options.timeout, options.log_lines)[0]
    return RollbackResult(rollback_message(items, failure), (*actions, *map(str, deleted)), tuple(items))
