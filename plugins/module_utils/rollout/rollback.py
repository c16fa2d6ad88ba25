# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Goes back after a failure, and waits until what served before serves again."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.apply import apply
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.start import options_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.unblock import wait_unblocked
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.way_back import Return, make_way_back, seen, way_back_text
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, Verdict, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.tell import told


@dataclass(frozen=True)
class Rollback:
    """What became of the way back. ``text``: for the message; ``actions``: what was done, as sentences."""

    text: str
    actions: tuple[str, ...] = ()
    returns: tuple[Return, ...] = ()


def roll_back(
    cluster: Cluster, params: dict, workloads: tuple[Workload, ...], served: dict[Workload, str], verdict: Verdict, by: str
) -> Rollback:
    """Lets every workload go back to what served before. Raises nothing of its own: a failure here must not hide the first one."""
    incomplete = {state.workload for state in verdict.states if state.state != COMPLETE}
    try:
        feed = Feed.open(cluster, params["namespace"], workloads, with_history=True)
        scene = Scene(feed.observation, cluster.now(), options_of(params))
        returns = make_way_back(scene, served, incomplete, by, params["force_conflicts"])
        plan = [action for item in returns for action in item.actions]
        apply(cluster, params["namespace"], plan)
    except RunbookError as error:
        return Rollback(f"The way back has failed too: {error}")
    if not plan:
        return Rollback(way_back_text(returns, ""), (), tuple(returns))
    return _followed(cluster, params, returns, tuple(map(str, plan)))


def _followed(cluster: Cluster, params: dict, returns: list[Return], actions: tuple[str, ...]) -> Rollback:
    """Waits for those that go back, and for no other: the rest may go on failing."""
    going = tuple(item.workload for item in returns if item.revision)
    try:
        feed = Feed.open(cluster, params["namespace"], going, with_history=True)
        outcome, removed = wait_unblocked(feed, options_of(params), params["timeout"])
    except RunbookError as error:
        return Rollback(way_back_text(returns, str(error)), actions, tuple(returns))
    returns = seen(returns, outcome.verdict)
    trouble = "" if outcome.verdict.state == COMPLETE else told(cluster, params, outcome)[0]
    return Rollback(way_back_text(returns, trouble), (*actions, *map(str, removed)), tuple(returns))
