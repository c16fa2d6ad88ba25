# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which workloads are restarted. Pure."""

from __future__ import annotations

from ..clients.cluster.field_managers import RESTARTED_AT
from ..errors import RunbookError
from ..workloads.model import Observation, Workload
from .actions import Restart

MAX_NAMED = 10  # workloads that exist, in a message


def plan_restarts(observation: Observation, restart: str, at: str, check_mode: bool, stale: dict[Workload, str]) -> list[Restart]:
    """The restarts, in the order of the option: of every workload with ``restart`` always, else of the ``stale`` ones.

    ``at``: the time to write. Raises RunbookError for a workload that cannot be restarted or does not exist; in check mode it may not
    exist yet, as the task that creates it was not run either.
    """
    objects = {(kind, obj["metadata"]["name"]): obj for kind in _kinds(observation) for obj in observation.of(kind)}
    restarts = []
    for index, workload in enumerate(observation.workloads):
        obj = objects.get((workload.kind, workload.name))
        if obj is None and not check_mode:
            raise RunbookError(_not_found(index, workload, observation))
        if obj is not None and (restart == "always" or workload in stale):
            restarts.append(_restart(index, workload, obj, at, stale.get(workload, "")))
    return restarts


def _kinds(observation: Observation) -> set[str]:
    return {workload.kind for workload in observation.workloads}


def _restart(index: int, workload: Workload, obj: dict, at: str, reason: str) -> Restart:
    if obj["spec"].get("paused"):
        resume = f"kubectl rollout resume deployment/{workload.name}"
        raise RunbookError(f"workloads[{index}]: {workload} is paused, so a restart would have no effect. Resume it: {resume}")
    if (obj["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        raise RunbookError(
            f"workloads[{index}]: {workload} has the update strategy OnDelete, so a restart would replace no pod. Delete its pods instead."
        )
    annotations = obj["spec"]["template"]["metadata"].get("annotations") or {}
    return Restart(workload, annotations.get(RESTARTED_AT, ""), at, reason)


def _not_found(index: int, workload: Workload, observation: Observation) -> str:
    names = sorted(obj["metadata"]["name"] for obj in observation.of(workload.kind))
    listed = f"{', '.join(names[:MAX_NAMED])}{', …' if len(names) > MAX_NAMED else ''}"
    existing = f"Existing: {listed}." if names else f"There is no {workload.kind}."
    return (
        f"workloads[{index}]: {workload} does not exist in namespace {observation.namespace}. {existing} "
        "Check the options workloads, namespace and context, or apply its manifest first."
    )
