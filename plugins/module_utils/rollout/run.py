# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's way: observe, plan, apply, and wait until the result was seen, or go back."""

from __future__ import annotations

import getpass
import socket
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.actions import Change
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.apply import apply, require_way_back
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.changes import make_changes
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.explain import as_data, failure_message
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.logs import with_logs
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.model import COMPLETE, State, Verdict, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import diff_of, make_plan, workloads_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.remember import notes_of, write
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.report import workload_data
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import history, revisions_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.rollback import Rollback, options_of, roll_back
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.scene import Scene
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.served import remembering, served_before
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.unblock import wait_unblocked
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.verdict import judge
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.wait import Outcome, wait_for


@dataclass(frozen=True)
class Start:
    """What is found at the first look, and what shall be done. ``served``: the revision that served before, by workload."""

    feed: Feed
    verdict: Verdict
    plan: list
    served: dict[Workload, str]


def predict(cluster: Cluster, params: dict) -> dict:
    """The result in check mode: the actions, and the workloads as they are now."""
    start = _observe_and_plan(cluster, params, check_mode=True)
    scene = Scene(start.feed.observation, cluster.now(), options_of(params))
    return {
        **_planned(params, start.plan, start.verdict.states),
        "workloads": [_data(params, state, scene, None) for state in start.verdict.states],
        "notes": [state.note for state in start.verdict.states if state.note],
    }


def roll_out(cluster: Cluster, params: dict) -> dict:
    """Changes, undoes or restarts what was asked for, and waits. Raises RunbookError with the causes where the rollout has failed."""
    start = _observe_and_plan(cluster, params, check_mode=False)
    feed = start.feed
    if params["rollback_on_failure"]:
        require_way_back(cluster, params["namespace"], start.verdict)
    if start.plan:
        apply(cluster, params["namespace"], start.plan)
        feed = Feed.open(cluster, params["namespace"], feed.observation.workloads, _with_history(params))
    outcome, removed = _wait(params, feed)
    told = _remember(cluster, params, start, feed, outcome)
    scene = Scene(feed.observation, cluster.now(), options_of(params))
    states = outcome.verdict.states
    facts = {
        **_planned(params, [*start.plan, *removed], states),
        "workloads": [_data(params, state, scene, outcome.finished.get(state.workload)) for state in states],
        "seconds": round(outcome.seconds, 1),
    }
    if outcome.verdict.state == COMPLETE:
        return {**facts, "notes": [*(state.note for state in states if state.note), *told]}
    failure = _failure(cluster, params, outcome, facts, told)
    if not params["rollback_on_failure"]:
        raise failure
    raise _gone_back(failure, roll_back(cluster, params, feed.observation.workloads, start.served, outcome.verdict, _who()))


def _observe_and_plan(cluster: Cluster, params: dict, check_mode: bool) -> Start:
    _refuse_contradictions(params)
    feed = Feed.open(cluster, params["namespace"], workloads_of(params["workloads"]), _with_history(params))
    verdict = judge(feed.observation, cluster.now(), options_of(params))
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    restarts = make_plan(feed.observation, params["restart"], at, check_mode, params["secrets"])
    changes = make_changes(feed.observation, params, _who())
    rolling = {change.workload for change in changes if change.rolls}
    plan = [*changes, *(restart for restart in restarts if restart.workload not in rolling)]
    if not _remembers(params):
        return Start(feed, verdict, plan, {})
    served = served_before(Scene(feed.observation, cluster.now(), options_of(params)), verdict)
    return Start(feed, verdict, remembering(plan, served), served)


def _wait(params: dict, feed: Feed) -> tuple[Outcome, list]:
    if params["rollback_on_failure"]:
        return wait_unblocked(feed, options_of(params), params["timeout"])
    return wait_for(feed, options_of(params), params["timeout"]), []


def _remember(cluster: Cluster, params: dict, start: Start, feed: Feed, outcome: Outcome) -> list[str]:
    """Notes which revisions serve, and the cause of those that an apply before this call has made. Returns what went wrong."""
    if not _remembers(params):
        return []
    changed = {action.workload for action in start.plan if isinstance(action, Change) and action.rolls}
    scene = Scene(feed.observation, cluster.now(), options_of(params))
    applied = params["change_cause"] if params["state"] == "complete" else ""
    return write(cluster, params["namespace"], notes_of(scene, outcome.verdict, start.served, applied, _who(), changed))


def _remembers(params: dict) -> bool:
    return params["rollback_on_failure"] or bool(params["change_cause"])


def _refuse_contradictions(params: dict) -> None:
    if params["state"] != "undone":
        if params["to_revision"]:
            raise RunbookError("The option to_revision is for state: undone only.")
        return
    if params["restart"] != "never":
        raise RunbookError("state: undone replaces the pods by itself: leave the option restart out.")
    for index, entry in enumerate(params["workloads"]):
        if any(entry.get(name) is not None for name in ("images", "env")):
            raise RunbookError(f"workloads[{index}]: images and env come from the revision that state: undone goes back to. Leave them out.")


def _with_history(params: dict) -> bool:
    return params["history"] or params["state"] == "undone" or _remembers(params)


def _who() -> str:
    """Who does it, for the change cause: kubectl's history shows it."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # no such user, as in some containers
        return socket.gethostname()


def _data(params: dict, state: State, scene: Scene, seconds: float | None) -> dict:
    data = workload_data(state, scene, seconds)
    subject = scene.subject(state.workload)
    if params["history"] and subject:
        data["history"] = history(subject.obj, revisions_of(state.workload, subject.obj, scene.observation))
    return data


def _planned(params: dict, plan: list, states: tuple[State, ...]) -> dict:
    otherwise = ", else go back to what served before" if params["rollback_on_failure"] else ""
    waits = [f"wait until {state.workload} is complete{otherwise}" for state in states]
    return {"changed": bool(plan), "actions": [*map(str, plan), *waits], "diff": diff_of(plan)}


def _failure(cluster: Cluster, params: dict, outcome: Outcome, facts: dict, told: list[str]) -> RunbookError:
    verdict: Verdict = outcome.verdict
    causes = with_logs(cluster, params["namespace"], verdict.causes, params["log_lines"])
    timeout = params["timeout"] if outcome.timed_out else None
    message = failure_message(verdict, causes, params["namespace"], cluster.now(), timeout, outcome.outage)
    return RunbookError("\n\n".join([message, *told]), **facts, causes=[as_data(cause) for cause in causes])


def _gone_back(failure: RunbookError, rollback: Rollback) -> RunbookError:
    """The failure, its cause first, with what was done after it."""
    facts = {
        **failure.facts, "changed": failure.facts["changed"] or bool(rollback.actions),
        "actions": [*failure.facts["actions"], *rollback.actions], "rollback": [item.as_data() for item in rollback.returns],
    }
    return RunbookError(f"{failure}\n\n{rollback.text}", **facts)
