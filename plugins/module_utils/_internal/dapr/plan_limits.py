# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is not done about a broken sidecar: repeat a cure that did not help, or take away a pod that serves without a successor. Pure."""

from __future__ import annotations

from datetime import timedelta

from ..clients.cluster.pods import condition, is_ready
from ..workloads.daprd import daprd_of
from ..workloads.fields import time_of
from .actions import Problem
from .model import DaprState
from .owner_references import Owner
from .sidecars import DAPRD_CRASHED, OLD_CA, SidecarProblem, last_termination
from .successor import failing_successor, scheduling_problem
from .trace import did_not_help

RECONNECTION = timedelta(seconds=30)  # in which a sidecar may still fail after the control plane has become ready
NOT_REACHED = "the control plane was ready then, so a new pod would not reach it either"
NETWORK_STEP = "Check what keeps the pod from dapr-api and dapr-sentry: kubectl get networkpolicies -A, and the DNS in the pod"


def without_what_cannot_help(
    owner: Owner, pods: list[dict], unhealthy: list[SidecarProblem], state: DaprState,
) -> tuple[list[SidecarProblem], list[Problem]]:
    """(the problems of a workload's pods that a new pod may fix, those that are reported instead)."""
    workload = workload_of(owner, state) or {}
    reasons = [(problem, _reason_against(owner, workload, pods, problem, state)) for problem in unhealthy]
    left = [_reported(owner, problem, *reason) for problem, reason in reasons if reason]
    return [problem for problem, reason in reasons if not reason], left


def workload_of(owner: Owner, state: DaprState) -> dict | None:
    """The object of an owner, None if it was not read."""
    named = [obj for kind, obj in state.workloads if kind == owner.kind and obj["metadata"]["name"] == owner.name]
    return next((obj for obj in named if obj["metadata"]["namespace"] == owner.namespace), None)


def _reason_against(owner: Owner, workload: dict, pods: list[dict], problem: SidecarProblem, state: DaprState) -> tuple[str, str] | None:
    """(why a new pod would not help or would be less than now, the next step), None if nothing speaks against it."""
    metadata = problem.pod["metadata"]
    if did_not_help(workload, problem.pod, problem.category) and not _is_older_than_the_bundle(problem, state):
        step = f"See what it logs: kubectl logs {metadata['name']} -n {metadata['namespace']} -c daprd --previous"
        return "it was created anew for this cause already, which did not help", step
    if problem.category == DAPRD_CRASHED and _crashed_beside_a_ready_control_plane(problem.pod, state):
        return NOT_REACHED, NETWORK_STEP
    if not is_ready(problem.pod):
        return None
    failing = failing_successor(pods, problem.pod, owner.kind)
    if failing:
        step = f"See why {failing} does not get ready: kubectl describe pod {failing} -n {owner.namespace}"
        return f"it serves, while the rollout of {owner} is not complete ({failing} is not ready)", step
    unscheduled, step = scheduling_problem(problem.pod, state.lower)
    return (f"it serves, and {unscheduled}", step) if unscheduled else None


def _is_older_than_the_bundle(problem: SidecarProblem, state: DaprState) -> bool:
    """Whether a pod got its anchors before the trust bundle was changed, so that a cure from before could not help."""
    created, changed = time_of(problem.pod["metadata"].get("creationTimestamp")), state.bundle_changed
    return problem.category == OLD_CA and created is not None and changed is not None and created <= changed


def _crashed_beside_a_ready_control_plane(pod: dict, state: DaprState) -> bool:
    """Whether daprd ended for lack of the control plane although all of that had been ready for a while."""
    components = [one for one in state.components.values() if one.obj]
    if not all(one.is_complete and one.replicas for one in components):
        return False
    ended = time_of((last_termination((daprd_of(pod) or ({}, {}))[1]) or {}).get("finishedAt"))
    ready = [time_of(condition(one, "Ready").get("lastTransitionTime")) for component in components for one in component.pods]
    return ended is not None and ended > max(filter(None, ready), default=ended) + RECONNECTION


def _reported(owner: Owner, problem: SidecarProblem, reason: str, step: str) -> Problem:
    return Problem("Pod", problem.pod["metadata"]["name"], owner.namespace, problem.category, f"{problem.evidence}; {reason}", step)
