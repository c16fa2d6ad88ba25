# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's way: observe, plan, apply, and wait until the result was seen."""

from __future__ import annotations

from datetime import datetime, timezone

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.apply import apply
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.explain import as_data, failure_message
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.logs import with_logs
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.model import COMPLETE, Options, State, Verdict
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import Restart, diff_of, make_plan, workloads_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.report import workload_data
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
        "workloads": [workload_data(state, scene, None) for state in verdict.states],
        "notes": [state.note for state in verdict.states if state.note],
    }


def roll_out(cluster: Cluster, params: dict) -> dict:
    """Restarts what was asked for and waits. Raises RunbookError with the causes where the rollout has failed."""
    feed, plan = _observe_and_plan(cluster, params, check_mode=False)
    if plan:
        apply(cluster, params["namespace"], plan)
        feed = Feed.open(cluster, params["namespace"], feed.observation.workloads)
    options = _options(params)
    outcome = wait_for(feed, options, params["timeout"])
    scene = Scene(feed.observation, cluster.now(), options)
    states = outcome.verdict.states
    facts = {
        **_planned(plan, states),
        "workloads": [workload_data(state, scene, outcome.finished.get(state.workload)) for state in states],
        "seconds": round(outcome.seconds, 1),
    }
    if outcome.verdict.state == COMPLETE:
        return {**facts, "notes": [state.note for state in states if state.note]}
    raise _failure(cluster, params, outcome, facts)


def _observe_and_plan(cluster: Cluster, params: dict, check_mode: bool) -> tuple[Feed, list[Restart]]:
    feed = Feed.open(cluster, params["namespace"], workloads_of(params["workloads"]))
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return feed, make_plan(feed.observation, params["restart"], at, check_mode, params["secrets"])


def _options(params: dict) -> Options:
    return Options(**{name: params[name] for name in vars(Options())})


def _planned(plan: list[Restart], states: tuple[State, ...]) -> dict:
    waits = [f"wait until {state.workload} is complete" for state in states]
    return {"changed": bool(plan), "actions": [*map(str, plan), *waits], "diff": diff_of(plan)}


def _failure(cluster: Cluster, params: dict, outcome: Outcome, facts: dict) -> RunbookError:
    verdict: Verdict = outcome.verdict
    causes = with_logs(cluster, params["namespace"], verdict.causes, params["log_lines"])
    timeout = params["timeout"] if outcome.timed_out else None
    message = failure_message(verdict, causes, params["namespace"], cluster.now(), timeout, outcome.outage)
    return RunbookError(message, **facts, causes=[as_data(cause) for cause in causes])
