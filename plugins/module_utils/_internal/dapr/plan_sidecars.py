# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans how applications get working sidecars: recreate a single broken pod, restart a workload whose pods are all broken. Pure."""

from __future__ import annotations

from ..clients.cluster.pods import is_ready
from ..workloads.daprd import dapr_enabled, daprd_of
from .actions import RECREATE_POD, ROLLING_RESTART, Problem, RecoveryAction
from .injection import released_image
from .model import DaprState
from .owner_references import Owner, owner_of
from .plan_limits import without_what_cannot_help, workload_of
from .sidecars import DAPRD_UNREADY, DAPRD_UNUSABLE, FIXED_BY_NEW_POD, INIT_WAITING, MANUAL, OLD_CA, WRONG_IMAGE, SidecarProblem

OWN_IMAGE = "dapr.io/sidecar-image"  # the annotation of a pod that does not use the injector's
PREVIOUS_CA = "its trust anchors are those of the previous certificate authority"


def plan_sidecars(state: DaprState, new_ca: bool, control_plane_pending: bool = False) -> tuple[list[RecoveryAction], list[Problem]]:
    """The actions on the applications' pods, and the problems that are left.

    ``new_ca``: whether every sidecar's anchors become invalid. ``control_plane_pending``: whether sidecars may reconnect on their own.
    """
    actions, problems = [], []
    for owner, pods in _by_owner(state).items():
        unhealthy = [problem for problem in _unhealthy(pods, state, new_ca) if not (control_plane_pending and problem.category == DAPRD_UNREADY)]
        if owner.recreates_pods:
            curable, left = without_what_cannot_help(owner, pods, unhealthy, state)
            actions += _repair(owner, pods, curable, state) if curable else []
            problems += left
        else:
            problems += [_unmanaged(owner, problem) for problem in unhealthy]
    problems += [_manual(problem) for problem in state.sidecar_problems if problem.category in MANUAL and not _has_outdated_image(problem, state)]
    return actions, problems


def self_healing_workloads(state: DaprState) -> tuple[tuple[str, str, str], ...]:
    """The workloads (namespace, kind, name) whose pods get ready on their own once the control plane is."""
    others = {problem.pod["metadata"]["uid"] for problem in state.sidecar_problems if problem.category != INIT_WAITING}
    owners = {owner_of(pod): None for pod in state.pods if not is_ready(pod) and pod["metadata"]["uid"] not in others}
    return tuple((owner.namespace, owner.kind, owner.name) for owner in owners if owner.supports_restart)


def reconnecting_pods(state: DaprState) -> tuple[str, ...]:
    """The UIDs of pods whose sidecars may only lack the control plane."""
    return tuple(problem.pod["metadata"]["uid"] for problem in state.sidecar_problems if problem.category == DAPRD_UNREADY)


def init_wait_notes(state: DaprState) -> list[str]:
    """Pods that wait in an init container although Dapr is complete."""
    return [f"Pod {_name(problem.pod)}: {problem.evidence}, and Dapr is healthy: it waits for something else"
            for problem in state.sidecar_problems if problem.category == INIT_WAITING]


def _by_owner(state: DaprState) -> dict[Owner, list[dict]]:
    grouped: dict[Owner, list[dict]] = {}
    for pod in state.pods:
        grouped.setdefault(owner_of(pod), []).append(pod)
    return grouped


def _unhealthy(pods: list[dict], state: DaprState, new_ca: bool) -> list[SidecarProblem]:
    outdated = [_with_outdated_image(problem, state) for problem in state.sidecar_problems if _has_outdated_image(problem, state)]
    fixable = {problem.pod["metadata"]["uid"]: problem for problem in (*state.sidecar_problems, *outdated) if problem.category in FIXED_BY_NEW_POD}
    of_pods = [fixable.get(pod["metadata"]["uid"]) for pod in pods]
    if not new_ca:
        return [problem for problem in of_pods if problem]
    return [problem or SidecarProblem(pod, OLD_CA, PREVIOUS_CA) for pod, problem in zip(pods, of_pods) if problem or daprd_of(pod)]


def _has_outdated_image(problem: SidecarProblem, state: DaprState) -> bool:
    """Whether a sidecar cannot be started whose image is not the one that new pods get by the release."""
    image, daprd = released_image(state.release.objects), daprd_of(problem.pod)
    own = (problem.pod["metadata"].get("annotations") or {}).get(OWN_IMAGE)
    return problem.category == DAPRD_UNUSABLE and bool(image and daprd and not own) and (daprd or ({},))[0].get("image") != image


def _with_outdated_image(problem: SidecarProblem, state: DaprState) -> SidecarProblem:
    evidence = f"{problem.evidence}; new pods get the sidecar of the release, {released_image(state.release.objects)}"
    return SidecarProblem(problem.pod, WRONG_IMAGE, evidence)


def _repair(owner: Owner, pods: list[dict], unhealthy: list[SidecarProblem], state: DaprState) -> list[RecoveryAction]:
    # A rolling restart of a Deployment starts the successor of a pod that serves before it ends that pod; an eviction does not.
    replaces_first = owner.kind == "Deployment" and any(is_ready(problem.pod) for problem in unhealthy)
    if (replaces_first or len(unhealthy) == len(pods)) and _restart_replaces_all(owner, unhealthy, state):
        names = ", ".join(problem.pod["metadata"]["name"] for problem in unhealthy)
        evidence = f"{_summary(unhealthy)} ({names})"
        return [
            RecoveryAction(ROLLING_RESTART, owner.kind, owner.name, owner.namespace, unhealthy[0].category, evidence, workload=(owner.kind, owner.name))
        ]
    workload = (owner.kind, owner.name) if owner.supports_restart else None
    serving_last = sorted(unhealthy, key=lambda problem: is_ready(problem.pod))
    return [
        RecoveryAction(RECREATE_POD, "Pod", problem.pod["metadata"]["name"], owner.namespace, problem.category, problem.evidence,
                       workload=workload, uid=problem.pod["metadata"]["uid"], serving=is_ready(problem.pod))
        for problem in serving_last
    ]


def _summary(unhealthy: list[SidecarProblem]) -> str:
    return unhealthy[0].evidence if len(unhealthy) == 1 else f"{len(unhealthy)} pods: {unhealthy[0].evidence}"


def _restart_replaces_all(owner: Owner, unhealthy: list[SidecarProblem], state: DaprState) -> bool:
    """Whether a change of the pod template replaces all of the pods."""
    spec = (workload_of(owner, state) or {}).get("spec")
    if spec is None or not owner.supports_restart or not dapr_enabled(spec["template"]):
        return False
    if owner.kind == "Deployment":
        return not spec.get("paused")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate" or (strategy.get("rollingUpdate") or {}).get("partition"):
        return False
    # A StatefulSet's controller replaces no pod while another one is not ready.
    return owner.kind == "DaemonSet" or all(is_ready(problem.pod) for problem in unhealthy)


def _unmanaged(owner: Owner, problem: SidecarProblem) -> Problem:
    """A pod that no controller recreates, or a Job's, which would count it as a failure."""
    whose = f"is a pod of {owner}" if owner.kind else "is a bare pod, which no controller recreates"
    step = "Delete it and create it again manually" if not owner.kind else f"Let {owner} finish, or run it again"
    return Problem("Pod", problem.pod["metadata"]["name"], owner.namespace, problem.category, f"{problem.evidence}; it {whose}", step)


def _manual(problem: SidecarProblem) -> Problem:
    metadata = problem.pod["metadata"]
    return Problem("Pod", metadata["name"], metadata["namespace"], problem.category, problem.evidence, problem.next_step)


def _name(pod: dict) -> str:
    return f"{pod['metadata']['name']} in namespace {pod['metadata']['namespace']}"
