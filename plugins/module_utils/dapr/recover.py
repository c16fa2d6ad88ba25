# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings Dapr back: look, plan, act, wait for each step, look again."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.actions import CREATE, TRUST, Action, Plan
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.apply import do, require_allowed
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Found
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.injection import read_injection
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.look import SETTLE, Scope, look
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import INJECTOR, ORDER
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.read import list_all
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.steady import steady
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import is_ready
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, Options, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.tell import told
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.wait import wait_for

ROUNDS = 3  # what a recovery itself brings to light is cured too, but not for ever
PROXY_LAG = 2  # seconds until the node's proxy sends nobody to an injector any more that has gone
PAUSE = 0.5
CRASHES = 5  # restarts: its programs end and start again while they wait for each other's first certificates
LOG_LINES = 20


@dataclass
class Recovery:
    """One run. ``timeout``: seconds for each step."""

    cluster: Cluster
    scope: Scope
    allow_new_ca: bool = False
    timeout: int = 300
    done: list[Action] = field(default_factory=list)

    def predict(self) -> tuple[Found, Plan]:
        """What is found, and what would be done."""
        found = steady(lambda: look(self.cluster, self.scope))
        return found, make_plan(found, self.allow_new_ca)

    def run(self) -> tuple[Found, Plan]:
        """Acts until nothing is to be done. Returns the last look and its plan, which holds what is left to a person.

        Raises RunbookError for a step that does not come, with the actions that were done.
        """
        try:
            return self._run()
        except RunbookError as error:
            facts = {"changed": bool(self.done), "actions": [action.as_data() for action in self.done]}
            raise RunbookError(str(error), **{**facts, **error.facts}) from error

    def _run(self) -> tuple[Found, Plan]:
        found, plan = self.predict()
        for _round in range(ROUNDS):
            if not plan.actions:
                return found, plan
            self._act(found, plan)
            found, plan = self.predict()
        if plan.actions:
            left = "; ".join(map(str, plan.actions))
            raise RunbookError(f"After {ROUNDS} rounds there is still something to do: {left}. See what undoes it.")
        return found, plan

    def _act(self, found: Found, plan: Plan) -> None:
        steady(lambda: require_allowed(self.cluster, plan.actions))
        self._control_plane(found, plan)
        self._applications(plan)

    def _control_plane(self, found: Found, plan: Plan) -> None:
        """Missing objects and the trust bundle, then part by part, each waited for, then the webhook."""
        last = [action for action in plan.control if action.what == TRUST]
        first = [action for action in plan.control if action.what == CREATE or not action.component and action not in last]
        self._do(first)
        of_person = {(problem.kind, problem.name) for problem in plan.problems}
        for component in ORDER:
            own = [action for action in plan.control if action.component == component.name]
            self._do(action for action in own if action not in first)
            part = found.parts[component.name]
            comes_by_itself = part.obj is not None and part.state.state != COMPLETE and (component.kind, component.workload) not in of_person
            if own or (comes_by_itself and plan.control):
                self._wait(self.scope.namespace, [component.as_workload])
        self._do(last)

    def _applications(self, plan: Plan) -> None:
        self._wait_for_connections(plan.reconnecting)
        if not plan.applications and not plan.awaited:
            return
        if plan.applications:
            self._wait_for_injection(any(action.component == INJECTOR.name for action in plan.control))
        self._do(plan.applications)
        awaited: dict[str, dict[Workload, None]] = {}
        for namespace, kind, name in plan.awaited:
            awaited.setdefault(namespace, {})[Workload(kind, name)] = None
        for action in plan.applications:
            if action.workload:
                awaited.setdefault(action.namespace, {})[Workload(*action.workload)] = None
        for namespace, workloads in awaited.items():
            self._wait(namespace, list(workloads))

    def _do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            do(self.cluster, action)
            self.done.append(action)

    def _wait(self, namespace: str, workloads: list[Workload]) -> None:
        """Until they serve. Raises RunbookError with the cause where they don't."""
        feed = steady(lambda: Feed.open(self.cluster, namespace, tuple(workloads)))
        outcome = wait_for(feed, Options(crash_restarts=CRASHES, init_timeout=self.timeout), self.timeout)
        if outcome.verdict.state != COMPLETE:
            params = {"namespace": namespace, "log_lines": LOG_LINES, "timeout": self.timeout}
            raise RunbookError(told(self.cluster, params, outcome)[0])

    def _wait_for_connections(self, uids: tuple[str, ...]) -> None:
        """Gives sidecars the time to find the control plane again; what does not is looked at anew."""
        until = time.monotonic() + SETTLE
        while uids and time.monotonic() < until:
            pods = steady(lambda: list_all(self.cluster, "Pod", self.scope.namespaces))
            if not any(pod["metadata"]["uid"] in uids and not is_ready(pod) for pod in pods):
                return
            time.sleep(PAUSE)

    def _wait_for_injection(self, is_new: bool) -> None:
        """Until the API server reaches an injector that it trusts: a pod that is made before has no sidecar, and nobody says so."""
        until = time.monotonic() + self.timeout
        while wrong := steady(lambda: read_injection(self.cluster, self.scope.namespace)).problem:
            if time.monotonic() >= until:
                raise RunbookError(f"New pods would get no sidecar after {self.timeout} s: {wrong}. No application was touched.")
            time.sleep(PAUSE)
        if is_new:
            time.sleep(PROXY_LAG)


def report(found: Found, plan: Plan, actions: Iterable[Action]) -> dict:
    """The result: what was found and done, and what is left."""
    listed = [action.as_data() for action in actions]
    return {
        "changed": bool(listed),
        "actions": listed,
        "problems": [problem.as_data() for problem in plan.problems],
        "notes": list(plan.notes),
        "healthy": plan.is_healthy,
        "sidecars": {"asked_for": len(found.pods), "there": found.sidecars},
        "diff": {"before": _lines(action["evidence"] for action in listed), "after": _lines(action["says"] for action in listed)},
    }


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)
