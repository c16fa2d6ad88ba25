# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's way: observe, plan, apply, and wait until the result was seen."""

from __future__ import annotations

import getpass
import socket
from datetime import datetime, timezone

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.apply import apply
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.changes import make_changes
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.explain import as_data, failure_message
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.logs import with_logs
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.model import COMPLETE, Options, State, Verdict
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import diff_of, make_plan, workloads_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.report import workload_data
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import history, revisions_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.scene import Scene
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.verdict import judge
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.wait import Outcome, wait_for


def predict(cluster: Cluster, params: dict) -> dict:
    """The result in check mode: the actions, and the workloads as they are now."""
    feed, plan = _observe_and_plan(cluster, params, check_mode=True)
    options = _options(params)
    verdict = judge(feed.observation, cluster.now(), options)
    scene = Scene(feed.observation, cluster.now(), options)
    return {
        **_planned(plan, verdict.states),
        "workloads": [_data(params, state, scene, None) for state in verdict.states],
        "notes": [state.note for state in verdict.states if state.note],
    }


def roll_out(cluster: Cluster, params: dict) -> dict:
    """Changes, undoes or restarts what was asked for, and waits. Raises RunbookError with the causes where the rollout has failed."""
    feed, plan = _observe_and_plan(cluster, params, check_mode=False)
    if plan:
        apply(cluster, params["namespace"], plan)
        feed = Feed.open(cluster, params["namespace"], feed.observation.workloads, _with_history(params))
    options = _options(params)
    outcome = wait_for(feed, options, params["timeout"])
    scene = Scene(feed.observation, cluster.now(), options)
    states = outcome.verdict.states
    facts = {
        **_planned(plan, states),
        "workloads": [_data(params, state, scene, outcome.finished.get(state.workload)) for state in states],
        "seconds": round(outcome.seconds, 1),
    }
    if outcome.verdict.state == COMPLETE:
        return {**facts, "notes": [state.note for state in states if state.note]}
    raise _failure(cluster, params, outcome, facts)


def _observe_and_plan(cluster: Cluster, params: dict, check_mode: bool) -> tuple[Feed, list]:
    _refuse_contradictions(params)
    feed = Feed.open(cluster, params["namespace"], workloads_of(params["workloads"]), _with_history(params))
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    restarts = make_plan(feed.observation, params["restart"], at, check_mode, params["secrets"])
    changes = make_changes(feed.observation, params, _who())
    rolling = {change.workload for change in changes if change.rolls}
    return feed, [*changes, *(restart for restart in restarts if restart.workload not in rolling)]


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
    return params["history"] or params["state"] == "undone"


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


def _options(params: dict) -> Options:
    return Options(**{name: params[name] for name in vars(Options())})


def _planned(plan: list, states: tuple[State, ...]) -> dict:
    waits = [f"wait until {state.workload} is complete" for state in states]
    return {"changed": bool(plan), "actions": [*map(str, plan), *waits], "diff": diff_of(plan)}


def _failure(cluster: Cluster, params: dict, outcome: Outcome, facts: dict) -> RunbookError:
    verdict: Verdict = outcome.verdict
    causes = with_logs(cluster, params["namespace"], verdict.causes, params["log_lines"])
    timeout = params["timeout"] if outcome.timed_out else None
    message = failure_message(verdict, causes, params["namespace"], cluster.now(), timeout, outcome.outage)
    return RunbookError(message, **facts, causes=[as_data(cause) for cause in causes])
