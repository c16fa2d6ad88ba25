# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What shall be done to the workloads before the wait. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import RESTARTED_AT
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Observation, Workload


@dataclass(frozen=True)
class Restart:
    """Replaces a workload's pods by setting the annotation that ``kubectl rollout restart`` sets."""

    workload: Workload
    before: str  # the annotation's value at present, "" for none
    after: str
    why: str = ""
    served: str = ""  # the revision that served before, to be recorded
    what = "restart"

    def __str__(self) -> str:
        return f"restart {self.workload}{f', as {self.why}' if self.why else ''}"

    @property
    def lines(self) -> tuple[str, str]:
        """Before and after as text."""
        return tuple(f"{self.workload}: {RESTARTED_AT}: {value}\n" for value in (self.before or "(none)", self.after))


def workloads_of(entries: list[dict]) -> tuple[Workload, ...]:
    """The option workloads as Workload objects. Raises RunbookError for one that is named twice."""
    workloads = tuple(Workload(entry["kind"], entry["name"], entry.get("dapr")) for entry in entries)
    names = [str(workload) for workload in workloads]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise RunbookError(f"The option workloads names {twice} twice. Name it once.")
    return workloads


def make_plan(observation: Observation, restart: str, at: str, check_mode: bool, stale: dict[Workload, str]) -> list[Restart]:
    """The actions, in the order of the option. ``at``: the time to write. Raises RunbookError where one can't be done.

    With ``restart`` always every workload is restarted, else those that are ``stale``, which says why.
    In check mode a workload may not exist yet: what makes it was not done either.
    """
    found = {(kind, obj["metadata"]["name"]): obj for kind in _kinds(observation) for obj in observation.of(kind)}
    plan = []
    for index, workload in enumerate(observation.workloads):
        obj = found.get((workload.kind, workload.name))
        if obj is None and not check_mode:
            raise RunbookError(_absent(index, workload, observation))
        if obj is not None and (restart == "always" or workload in stale):
            plan.append(_restart(index, workload, obj, at, stale.get(workload, "")))
    return plan


def diff_of(plan: list) -> dict[str, str]:
    """The plan as Ansible's diff."""
    sides = ("before", "after")
    return {side: "".join(action.lines[number] for action in plan) for number, side in enumerate(sides)}


def _kinds(observation: Observation) -> set[str]:
    return {workload.kind for workload in observation.workloads}


def _restart(index: int, workload: Workload, obj: dict, at: str, why: str) -> Restart:
    if obj["spec"].get("paused"):
        resume = f"kubectl rollout resume deployment/{workload.name}"
        raise RunbookError(f"workloads[{index}]: {workload} is paused, so a restart would not happen. Resume it: {resume}")
    if (obj["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        raise RunbookError(
            f"workloads[{index}]: {workload} has the update strategy OnDelete, so a restart would replace no pod. Delete its pods instead."
        )
    annotations = obj["spec"]["template"]["metadata"].get("annotations") or {}
    return Restart(workload, annotations.get(RESTARTED_AT, ""), at, why)


def _absent(index: int, workload: Workload, observation: Observation) -> str:
    there = sorted(obj["metadata"]["name"] for obj in observation.of(workload.kind))
    known = f"There: {', '.join(there[:10])}{', …' if len(there) > 10 else ''}." if there else f"No {workload.kind} is there."
    return (
        f"workloads[{index}]: {workload} does not exist in namespace {observation.namespace}. {known} "
        "Check the options workloads, namespace and context, or apply its manifest first."
    )
