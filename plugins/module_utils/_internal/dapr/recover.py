# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recovers Dapr: observe, plan, apply, wait for each step, and observe again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..clients.cluster.client import Cluster
from ..clients.cluster.pods import controller_of, is_active, is_ready
from ..clients.cluster.retry import retry_unreachable
from ..errors import RunbookError
from ..workloads.explain import failure_report
from ..workloads.model import COMPLETE, WaitOptions, Workload
from ..workloads.observe import WorkloadWatcher
from ..workloads.wait import wait_for
from .access import list_all
from .actions import CREATE, RESTORE, SET_CA_BUNDLE, Problem, RecoveryAction, RecoveryPlan
from .apply import apply_action, require_permissions
from .components import INJECTOR, ORDER
from .injection import prove, released_image
from .injector import observe_endpoints, observe_injector
from .model import DaprState
from .observe import observe
from .options import RecoveryOptions
from .plan import make_plan

MAX_ROUNDS = 3  # problems that the recovery itself reveals are fixed too, but not endlessly
PROXY_LAG = 2  # seconds until the node's proxy sends no more requests to a terminated injector
POLL_INTERVAL = 0.5
MAX_RESTARTS = 5  # the components restart while they wait for each other's first certificates
LOG_LINES = 20


@dataclass
class Recovery:
    """One run. ``done``: the actions that were applied; ``prevented``: those that were not, by the UID of their pod."""

    cluster: Cluster
    options: RecoveryOptions
    done: list[RecoveryAction] = field(default_factory=list)
    prevented: dict[str, Problem] = field(default_factory=dict)

    def predict(self) -> tuple[DaprState, RecoveryPlan]:
        """The observed state, and what would be done about it."""
        state = retry_unreachable(lambda: observe(self.cluster, self.options))
        return state, without_prevented(make_plan(state, self.options.allow_new_ca), self.prevented)

    def run(self) -> tuple[DaprState, RecoveryPlan]:
        """Applies plans until there is nothing to do. Returns the last state and its plan, which holds the problems that are left.

        Raises RunbookError for a step that fails, with the actions that were applied.
        """
        try:
            return self._run()
        except RunbookError as error:
            facts = {"changed": bool(self.done), "actions": [action.as_data() for action in self.done]}
            raise RunbookError(str(error), **{**facts, **error.facts}) from error

    def _run(self) -> tuple[DaprState, RecoveryPlan]:
        state, plan = self.predict()
        for _round in range(MAX_ROUNDS):
            if not plan.actions:
                return state, plan
            self._apply(state, plan)
            state, plan = self.predict()
        if plan.actions:
            remaining = "; ".join(map(str, plan.actions))
            raise RunbookError(f"Dapr did not converge after {MAX_ROUNDS} rounds. Remaining: {remaining}. Something keeps reverting the changes.")
        return state, plan

    def _apply(self, state: DaprState, plan: RecoveryPlan) -> None:
        retry_unreachable(lambda: require_permissions(self.cluster, plan.actions))
        self._control_plane(state, plan)
        self._applications(state, plan)

    def _control_plane(self, state: DaprState, plan: RecoveryPlan) -> None:
        """Missing objects and the trust bundle, then one component after the other, each waited for, then the webhook."""
        last = [action for action in plan.control_plane if action.operation == SET_CA_BUNDLE]
        first = [action for action in plan.control_plane if action.operation == CREATE or not action.component and action not in last]
        self._apply_all(first)
        manual = {(problem.kind, problem.name) for problem in plan.problems}
        for component in ORDER:
            own = [action for action in plan.control_plane if action.component == component.name]
            self._apply_all([action for action in own if action not in first])
            observed = state.components[component.name]
            self_healing = observed.obj is not None and not observed.is_complete and (component.kind, component.workload) not in manual
            if plan.is_held:
                continue
            if (own and not self._all_prevented(own)) or (self_healing and plan.control_plane):
                self._wait(self.options.namespace, [component.as_workload])
        self._apply_all(last)

    def _applications(self, state: DaprState, plan: RecoveryPlan) -> None:
        self._wait_for_connections(plan.reconnecting)
        if not plan.applications and not plan.awaited:
            return
        if plan.applications:
            changed = any(action.component == INJECTOR.name or action.operation == RESTORE for action in plan.control_plane)
            self._wait_for_injection(state, {action.namespace for action in plan.applications}, changed)
        self._apply_all(plan.applications)
        awaited: dict[str, dict[Workload, None]] = {}
        for namespace, kind, name in plan.awaited:
            awaited.setdefault(namespace, {})[Workload(kind, name)] = None
        blocked = {(action.namespace, action.workload) for action in plan.applications if action.uid in self.prevented}
        for action in plan.applications:
            if action.workload and (action.namespace, action.workload) not in blocked:
                awaited.setdefault(action.namespace, {})[Workload(*action.workload)] = None
        for namespace, workloads in awaited.items():
            self._wait(namespace, list(workloads))

    def _apply_all(self, actions: Sequence[RecoveryAction]) -> None:
        for index, action in enumerate(actions):
            result = apply_action(self.cluster, action)
            if isinstance(result, Problem):
                self.prevented[action.uid] = result
                continue
            self.done.append(result)
            if action.serving and any(later.workload == action.workload and later.namespace == action.namespace for later in actions[index + 1:]):
                self._wait_for_successor(action)

    def _all_prevented(self, actions: Sequence[RecoveryAction]) -> bool:
        return all(action.uid in self.prevented for action in actions)

    def _wait_for_successor(self, evicted: RecoveryAction) -> None:
        """Waits until as many pods of the workload are ready as before the eviction. Raises RunbookError after the timeout."""
        ready, until = -1, time.monotonic() + self.options.timeout
        while time.monotonic() < until:
            pods = retry_unreachable(lambda: list_all(self.cluster, "Pod", (evicted.namespace,)))
            own = [pod for pod in pods if evicted.workload == controller_of(pod) and pod["metadata"]["uid"] != evicted.uid]
            serving = sum(is_active(pod) and is_ready(pod) for pod in own)
            if ready >= 0 and serving > ready:
                return
            ready = serving if ready < 0 else min(ready, serving)
            time.sleep(POLL_INTERVAL)
        raise RunbookError(f"{evicted}: no successor of it got ready within {self.options.timeout} s, so no other pod of the workload was recreated.")

    def _wait(self, namespace: str, workloads: list[Workload]) -> None:
        """Waits until they are complete. Raises RunbookError with the cause if they fail."""
        timeout = self.options.timeout
        watcher = retry_unreachable(lambda: WorkloadWatcher.open(self.cluster, namespace, tuple(workloads)))
        result = wait_for(watcher, WaitOptions(max_restarts=MAX_RESTARTS, init_timeout=timeout), timeout)
        if result.status.state != COMPLETE:
            raise RunbookError(failure_report(self.cluster, namespace, result, timeout, LOG_LINES)[0])

    def _wait_for_connections(self, uids: tuple[str, ...]) -> None:
        """Gives sidecars the time to reconnect to the control plane; those that do not are observed again."""
        until = time.monotonic() + self.options.startup_timeout
        while uids and time.monotonic() < until:
            pods = retry_unreachable(lambda: list_all(self.cluster, "Pod", self.options.app_namespaces))
            if not any(pod["metadata"]["uid"] in uids and not is_ready(pod) for pod in pods):
                return
            time.sleep(POLL_INTERVAL)

    def _wait_for_injection(self, state: DaprState, namespaces: set[str], is_new: bool) -> None:
        """Waits until new pods get sidecars in those namespaces: one that is created earlier silently gets none."""
        until = time.monotonic() + self.options.timeout
        while problem := retry_unreachable(lambda: self._injection_problem(state, namespaces)):
            if time.monotonic() >= until:
                raise RunbookError(f"New pods would still get no sidecar after {self.options.timeout} s: {problem}. No application was changed.")
            time.sleep(POLL_INTERVAL)
        if is_new:
            time.sleep(PROXY_LAG)

    def _injection_problem(self, state: DaprState, namespaces: set[str]) -> str:
        system = self.options.namespace
        injector = replace(observe_injector(self.cluster, system), endpoints=observe_endpoints(self.cluster, system))
        image = released_image(state.release.objects)
        proofs = {} if injector.problem else prove(self.cluster, namespaces)
        found = [f"a new pod in namespace {name} {problem}" for name, one in proofs.items() if (problem := one.problem(injector.bundle, image))]
        return injector.problem or next(iter(found), "")


def without_prevented(plan: RecoveryPlan, prevented: dict[str, Problem]) -> RecoveryPlan:
    """The plan without the actions that were prevented in this run, whose problems it reports instead. Pure."""
    if not prevented:
        return plan
    control_plane, applications = (
        tuple(action for action in group if action.uid not in prevented) for group in (plan.control_plane, plan.applications)
    )
    return replace(plan, control_plane=control_plane, applications=applications, problems=(*plan.problems, *prevented.values()))
