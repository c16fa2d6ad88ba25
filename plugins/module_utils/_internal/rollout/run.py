# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of the module: observe, plan, apply, wait for the result, and roll back if it fails."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable
from datetime import datetime, timezone

from ..clients.cluster.client import Cluster
from ..errors import RunbookError
from ..workloads.explain import as_data, failure_report
from ..workloads.model import COMPLETE
from ..workloads.observe import WorkloadWatcher
from ..workloads.progress import RolloutProgress
from ..workloads.wait import WaitResult, wait_for
from .actions import PodDeletion
from .annotations import plan_annotations, write_annotations
from .apply import apply, require_rollback_permissions
from .observe import ObservedRollout, observe, open_watcher, snapshot_of
from .options import RolloutOptions
from .plan import RolloutPlan, make_plan
from .report import actions_report, notes_of, workloads_report
from .rollback_apply import RollbackResult, roll_back
from .statefulset import wait_deleting_stuck_pods


def predict(cluster: Cluster, options: RolloutOptions, hide: Callable = list) -> dict:
    """The result in check mode: the planned actions, and the workloads as they are now. ``hide``: called with the values of Secrets."""
    observed = observe(cluster, options, True, hide)
    plan = _plan(observed, options, check_mode=True)
    return {
        **actions_report(plan.actions, observed.status, options),
        "workloads": workloads_report(observed.status, observed.snapshot, options, {}),
        "notes": [*plan.notes, *notes_of(observed.status)],
    }


def roll_out(cluster: Cluster, options: RolloutOptions, hide: Callable = list, progress: RolloutProgress | None = None) -> dict:
    """Changes, rolls back or restarts the workloads, and waits. Raises RunbookError with the causes if the rollout fails."""
    observed = observe(cluster, options, False, hide)
    plan, watcher = _plan(observed, options, check_mode=False), observed.watcher
    if options.rollback_on_failure:
        require_rollback_permissions(cluster, options.namespace, observed.status)
    if plan.actions:
        apply(cluster, options.namespace, plan.actions)
        watcher = open_watcher(cluster, options)
    result, deleted = _wait(watcher, options, progress)
    not_recorded = _record(cluster, options, plan, watcher, result)
    facts = {
        **actions_report([*plan.actions, *deleted], result.status, options),
        "workloads": workloads_report(result.status, snapshot_of(watcher, options), options, result.finished),
        "seconds": round(result.seconds, 1),
    }
    if result.status.state == COMPLETE:
        return {**facts, "notes": [*plan.notes, *notes_of(result.status), *not_recorded]}
    failure = _failure(cluster, options, result, facts, not_recorded)
    if not options.rollback_on_failure:
        raise failure
    raise _with_rollback(failure, roll_back(cluster, options, plan.last_good, result.status, current_user()))


def current_user() -> str:
    """Who makes the change, for the change cause in ``kubectl rollout history``."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # no such user, as in some containers
        return socket.gethostname()


def _plan(observed: ObservedRollout, options: RolloutOptions, check_mode: bool) -> RolloutPlan:
    return make_plan(observed, options, current_user(), datetime.now(timezone.utc).isoformat(timespec="seconds"), check_mode)


def _wait(watcher: WorkloadWatcher, options: RolloutOptions, progress: RolloutProgress | None) -> tuple[WaitResult, list[PodDeletion]]:
    if options.rollback_on_failure:
        return wait_deleting_stuck_pods(watcher, options.wait, options.timeout, progress)
    return wait_for(watcher, options.wait, options.timeout, progress), []


def _record(cluster: Cluster, options: RolloutOptions, plan: RolloutPlan, watcher: WorkloadWatcher, result: WaitResult) -> list[str]:
    """Records the last good revisions, and the change cause of those that were applied before this call. Returns what failed."""
    if not options.records_revision:
        return []
    cause = "" if options.rolls_back else options.change_cause
    snapshot = snapshot_of(watcher, options)
    patches = plan_annotations(snapshot, result.status, plan.last_good, cause, current_user(), plan.changed_templates)
    return write_annotations(cluster, options.namespace, patches)


def _failure(cluster: Cluster, options: RolloutOptions, result: WaitResult, facts: dict, not_recorded: list[str]) -> RunbookError:
    message, causes = failure_report(cluster, options.namespace, result, options.timeout, options.log_lines)
    return RunbookError("\n\n".join([message, *not_recorded]), **facts, causes=[as_data(cause) for cause in causes])


def _with_rollback(failure: RunbookError, rollback: RollbackResult) -> RunbookError:
    """The failure, its cause first, with what was rolled back after it."""
    facts = {
        **failure.facts, "changed": failure.facts["changed"] or bool(rollback.actions),
        "actions": [*failure.facts["actions"], *rollback.actions], "rollback": [item.as_data() for item in rollback.items],
    }
    return RunbookError(f"{failure}\n\n{rollback.message}", **facts)
