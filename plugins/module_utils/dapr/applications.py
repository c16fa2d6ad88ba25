# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How applications get working sidecars again: one pod where one is broken, the workload rolled where all are. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.dapr.actions import RECREATE, ROLL, Action, Problem
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Found
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.owners import Owner, owner_of
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import (
    BY_PERSON,
    OLD_CA,
    RECREATED,
    UNREADY,
    WAITS,
    Ailment,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.daprd import DAPR_ENABLED, asks_for_dapr, daprd_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import is_ready

NEW_CA = "its anchors are those of the former certificate authority"


def repairs(found: Found, new_ca: bool, control_first: bool = False) -> tuple[list[Action], list[Problem]]:
    """What is done to the applications' pods, and what is left.

    ``new_ca``: whether every sidecar's anchors are void by then; ``control_first``: whether sidecars may lack what is just brought back.
    """
    actions, problems = [], []
    for owner, pods in _by_owner(found).items():
        sick = [ailment for ailment in _sick(pods, found, new_ca) if not (control_first and ailment.what == UNREADY)]
        if sick and owner.remakes:
            actions += _repair(owner, pods, sick, found)
        else:
            problems += [_of_nobody(owner, ailment) for ailment in sick]
    problems += [_for_a_person(ailment) for ailment in found.ailments if ailment.what in BY_PERSON]
    return actions, problems + _misplaced(found)


def waiting(found: Found) -> tuple[tuple[str, str, str], ...]:
    """The workloads (namespace, kind, name) whose pods get ready by themselves when the control plane serves."""
    of_person = {ailment.pod["metadata"]["uid"] for ailment in found.ailments if ailment.what != WAITS}
    owners = {owner_of(pod): None for pod in found.pods if not is_ready(pod) and pod["metadata"]["uid"] not in of_person}
    return tuple((owner.namespace, owner.kind, owner.name) for owner in owners if owner.rolls)


def unconnected(found: Found) -> tuple[str, ...]:
    """The UIDs of pods whose sidecars may only lack the control plane."""
    return tuple(ailment.pod["metadata"]["uid"] for ailment in found.ailments if ailment.what == UNREADY)


def idle_waits(found: Found) -> list[str]:
    """Pods that wait in an init container although nothing of Dapr is missing, as notes."""
    return [f"Pod {_name(ailment.pod)}: {ailment.evidence}, and Dapr is there: it waits for something else"
            for ailment in found.ailments if ailment.what == WAITS]


def _by_owner(found: Found) -> dict[Owner, list[dict]]:
    grouped: dict[Owner, list[dict]] = {}
    for pod in found.pods:
        grouped.setdefault(owner_of(pod), []).append(pod)
    return grouped


def _sick(pods: list[dict], found: Found, new_ca: bool) -> list[Ailment]:
    known = {ailment.pod["metadata"]["uid"]: ailment for ailment in found.ailments if ailment.what in RECREATED}
    of_pods = [known.get(pod["metadata"]["uid"]) for pod in pods]
    if not new_ca:
        return [ailment for ailment in of_pods if ailment]
    return [ailment or Ailment(pod, OLD_CA, NEW_CA) for pod, ailment in zip(pods, of_pods) if ailment or daprd_of(pod)]


def _repair(owner: Owner, pods: list[dict], sick: list[Ailment], found: Found) -> list[Action]:
    if len(sick) == len(pods) and _can_roll(owner, sick, found):
        names = ", ".join(ailment.pod["metadata"]["name"] for ailment in sick)
        evidence = f"{_each(sick)} ({names})"
        return [Action(ROLL, owner.kind, owner.name, owner.namespace, sick[0].what, evidence, workload=(owner.kind, owner.name))]
    workload = (owner.kind, owner.name) if owner.rolls else None
    return [
        Action(RECREATE, "Pod", ailment.pod["metadata"]["name"], owner.namespace, ailment.what, ailment.evidence,
               workload=workload, uid=ailment.pod["metadata"]["uid"])
        for ailment in sick
    ]


def _each(sick: list[Ailment]) -> str:
    return sick[0].evidence if len(sick) == 1 else f"each of its {len(sick)} pods: {sick[0].evidence}"


def _can_roll(owner: Owner, sick: list[Ailment], found: Found) -> bool:
    """Whether a change of the pod template replaces all of them."""
    spec = next((obj["spec"] for kind, obj in found.workloads if kind == owner.kind and _key(obj) == (owner.namespace, owner.name)), None)
    if spec is None or not owner.rolls or not asks_for_dapr(spec["template"]):
        return False
    if owner.kind == "Deployment":
        return not spec.get("paused")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate" or (strategy.get("rollingUpdate") or {}).get("partition"):
        return False
    # A StatefulSet's controller replaces no pod while another is not ready.
    return owner.kind == "DaemonSet" or all(is_ready(ailment.pod) for ailment in sick)


def _of_nobody(owner: Owner, ailment: Ailment) -> Problem:
    """A pod that nobody makes anew, or a Job's, which would count it as a failure."""
    whose = f"is a pod of {owner}" if owner.kind else "is a bare pod, which no controller makes anew"
    step = "Delete it and make it again yourself" if not owner.kind else f"Let {owner} end, or run it again"
    return Problem("Pod", ailment.pod["metadata"]["name"], owner.namespace, ailment.what, f"{ailment.evidence}; it {whose}", step)


def _for_a_person(ailment: Ailment) -> Problem:
    metadata = ailment.pod["metadata"]
    return Problem("Pod", metadata["name"], metadata["namespace"], ailment.what, ailment.evidence, ailment.next_step)


def _misplaced(found: Found) -> list[Problem]:
    """Workloads that carry the annotation themselves, where it does nothing, instead of their pod template."""
    step = f'Move it to spec.template.metadata.annotations ({DAPR_ENABLED}: "true")'
    return [
        Problem(kind, obj["metadata"]["name"], obj["metadata"]["namespace"], "annotation_misplaced",
                f"the annotation {DAPR_ENABLED} is on the {kind}, not on its pod template, so its pods get no sidecar", step)
        for kind, obj in found.workloads if asks_for_dapr(obj) and not asks_for_dapr(obj["spec"]["template"])
    ]


def _key(obj: dict) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def _name(pod: dict) -> str:
    return f"{pod['metadata']['name']} in namespace {pod['metadata']['namespace']}"
