# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's way: observe, plan, apply, and wait until the result was seen, or go back."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.actions import Change
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.apply import apply, require_way_back
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import diff_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.remember import notes_of, write
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.report import workload_data
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import history, revisions_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.rollback import Rollback, roll_back
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.start import Start, begin, options_of, remembers, who, with_history
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.unblock import wait_unblocked
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.explain import as_data
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, State
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.tell import told
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.wait import Outcome, wait_for


def predict(cluster: Cluster, params: dict) -> dict:
    """The result in check mode: the actions, and the workloads as they are now."""
    start = begin(cluster, params, check_mode=True)
    scene = Scene(start.feed.observation, cluster.now(), options_of(params))
    return {
        **_planned(params, start.plan, start.verdict.states),
        "workloads": [_data(params, state, scene, None) for state in start.verdict.states],
        "notes": [*start.notes, *(state.note for state in start.verdict.states if state.note)],
    }


def roll_out(cluster: Cluster, params: dict) -> dict:
    """Changes, undoes or restarts what was asked for, and waits. Raises RunbookError with the causes where the rollout has failed."""
    start = begin(cluster, params, check_mode=False)
    feed = start.feed
    if params["rollback_on_failure"]:
        require_way_back(cluster, params["namespace"], start.verdict)
    if start.plan:
        apply(cluster, params["namespace"], start.plan)
        feed = Feed.open(cluster, params["namespace"], feed.observation.workloads, with_history(params))
    outcome, removed = _wait(params, feed)
    unnoted = _remember(cluster, params, start, feed, outcome)
    scene = Scene(feed.observation, cluster.now(), options_of(params))
    states = outcome.verdict.states
    facts = {
        **_planned(params, [*start.plan, *removed], states),
        "workloads": [_data(params, state, scene, outcome.finished.get(state.workload)) for state in states],
        "seconds": round(outcome.seconds, 1),
    }
    if outcome.verdict.state == COMPLETE:
        return {**facts, "notes": [*start.notes, *(state.note for state in states if state.note), *unnoted]}
    failure = _failure(cluster, params, outcome, facts, unnoted)
    if not params["rollback_on_failure"]:
        raise failure
    raise _gone_back(failure, roll_back(cluster, params, feed.observation.workloads, start.served, outcome.verdict, who()))


def _wait(params: dict, feed: Feed) -> tuple[Outcome, list]:
    if params["rollback_on_failure"]:
        return wait_unblocked(feed, options_of(params), params["timeout"])
    return wait_for(feed, options_of(params), params["timeout"]), []


def _remember(cluster: Cluster, params: dict, start: Start, feed: Feed, outcome: Outcome) -> list[str]:
    """Notes which revisions serve, and the cause of those that an apply before this call has made. Returns what went wrong."""
    if not remembers(params):
        return []
    changed = {action.workload for action in start.plan if isinstance(action, Change) and action.rolls}
    scene = Scene(feed.observation, cluster.now(), options_of(params))
    applied = params["change_cause"] if params["state"] == "complete" else ""
    return write(cluster, params["namespace"], notes_of(scene, outcome.verdict, start.served, applied, who(), changed))


def _data(params: dict, state: State, scene: Scene, seconds: float | None) -> dict:
    data = workload_data(state, scene, seconds)
    subject = scene.subject(state.workload)
    if params["history"] and subject:
        data["history"] = history(subject.obj, revisions_of(state.workload, subject.obj, scene.observation))
    return data


def _planned(params: dict, plan: list, states: tuple[State, ...]) -> dict:
    otherwise = ", else go back to what served before" if params["rollback_on_failure"] else ""
    waits = [f"wait until {state.workload} is complete{otherwise}" for state in states]
    changes = [{"what": action.what, "kind": action.workload.kind, "name": action.workload.name, "says": str(action)} for action in plan]
    return {"changed": bool(plan), "changes": changes, "actions": [*map(str, plan), *waits], "diff": diff_of(plan)}


def _failure(cluster: Cluster, params: dict, outcome: Outcome, facts: dict, unnoted: list[str]) -> RunbookError:
    message, causes = told(cluster, params, outcome)
    return RunbookError("\n\n".join([message, *unnoted]), **facts, causes=[as_data(cause) for cause in causes])


def _gone_back(failure: RunbookError, rollback: Rollback) -> RunbookError:
    """The failure, its cause first, with what was done after it."""
    facts = {
        **failure.facts, "changed": failure.facts["changed"] or bool(rollback.actions),
        "actions": [*failure.facts["actions"], *rollback.actions], "rollback": [item.as_data() for item in rollback.returns],
    }
    return RunbookError(f"{failure}\n\n{rollback.text}", **facts)
