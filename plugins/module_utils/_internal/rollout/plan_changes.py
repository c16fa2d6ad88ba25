# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which images, variables, replicas or revision a workload gets. Pure: an observation and the options in, changes out."""

from __future__ import annotations

from ..clients.cluster.field_managers import conflicts, needs_migration
from ..errors import NOTHING_CHANGED, RunbookError
from ..workloads.model import Observation, Workload
from .actions import OwnershipTransfer, PodDeletion, SpecChange, spec_change, stuck_pod_deletions
from .options import RolloutOptions, WorkloadOptions
from .pod_template import change_text, differences, with_env, with_images
from .revisions import current_of, plain, revisions_of, rollback_annotations, target_of

MAX_NAMED = 8  # conflicts that are named in a message


def plan_changes(observation: Observation, options: RolloutOptions, by: str) -> list[SpecChange | OwnershipTransfer | PodDeletion]:
    """The changes that the options request, none for values that are set already. ``by``: who makes them, for the change cause.

    Workloads that do not exist are reported by the plan of restarts. Raises RunbookError for a change that cannot be made.
    """
    kinds = {workload.kind for workload in observation.workloads}
    objects = {(kind, obj["metadata"]["name"]): obj for kind in kinds for obj in observation.of(kind)}
    changes: list[SpecChange | OwnershipTransfer | PodDeletion | None] = []
    for index, entry in enumerate(options.workloads):
        obj = objects.get((entry.workload.kind, entry.workload.name))
        if obj is not None and (options.rolls_back or entry.has_changes):
            changes.append(_change(f"workloads[{index}]", entry, obj, observation, options, by))
            changes += _deletions(entry.workload, obj, observation, options)
    return [change for change in changes if change]


def _change(where: str, entry: WorkloadOptions, obj: dict, observation: Observation, options: RolloutOptions, by: str):
    workload = entry.workload
    annotations: dict[str, str] = {}
    if options.rolls_back:
        template, steps, annotations = _rolled_back(f"{where}: {workload}", workload, obj, observation, options.to_revision)
    else:
        template, steps = _edited(where, obj, entry)
    replicas = _replicas(where, workload, obj, entry.replicas)
    before = {"template": obj["spec"]["template"], "replicas": obj["spec"].get("replicas")}
    after = {"template": template, "replicas": replicas}
    if before == after:
        return OwnershipTransfer(workload) if needs_migration(obj["metadata"].get("managedFields")) else None
    if before["template"] != template:
        _refuse_blocked(f"{where}: {workload}", obj)
    if before["replicas"] != replicas:
        steps = [*steps, f"scale from {before['replicas']} to {replicas}"]
    if not options.force_conflicts:
        _refuse_conflicts(f"{where}: {workload}", before, after, obj)
    return spec_change(workload, obj, steps, after, options.change_cause or f"{'; '.join(steps)} (by {by})", annotations)


def _rolled_back(where: str, workload: Workload, obj: dict, observation: Observation, number: int) -> tuple[dict, list[str], dict]:
    if obj["spec"].get("paused"):
        resume = f"kubectl rollout resume deployment/{workload.name}"
        raise RunbookError(f"{where} is paused, so a rollback would have no effect. Resume it: {resume}")
    revisions = revisions_of(workload, obj, observation)
    target = target_of(where, obj, revisions, number)
    if target is None:
        return obj["spec"]["template"], [], {}
    cause = f" ({target.change_cause})" if target.change_cause else ""
    return target.restored, [f"roll back to revision {target.number}{cause}"], rollback_annotations(workload, obj, revisions, target)


def _deletions(workload: Workload, obj: dict, observation: Observation, options: RolloutOptions) -> list[PodDeletion]:
    if not options.rolls_back:
        return []
    revisions = revisions_of(workload, obj, observation)
    target = target_of(str(workload), obj, revisions, options.to_revision)
    return stuck_pod_deletions(workload, obj, observation, target or current_of(obj, revisions))


def _edited(where: str, obj: dict, entry: WorkloadOptions) -> tuple[dict, list[str]]:
    live = obj["spec"]["template"]
    template = with_images(live, entry.images or {}, where)
    template = with_env(template, entry.env or {}, where)
    if plain(template) == plain(live):
        return live, []
    return template, [change_text(path, new) for path, _old, new in differences(live, template)]


def _replicas(where: str, workload: Workload, obj: dict, requested: int | None) -> int | None:
    if requested is None:
        return obj["spec"].get("replicas")
    if workload.kind == "DaemonSet":
        raise RunbookError(f"{where}.replicas: {workload} runs on every node that it selects and cannot be scaled. Omit replicas.")
    if requested < 0:
        raise RunbookError(f"{where}.replicas: {requested} is below 0.")
    return requested


def _refuse_blocked(where: str, obj: dict) -> None:
    if obj["spec"].get("paused"):
        resume = f"kubectl rollout resume deployment/{obj['metadata']['name']}"
        raise RunbookError(f"{where} is paused, so its pods would not be replaced. Resume it: {resume}")
    if (obj["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        raise RunbookError(f"{where} has the update strategy OnDelete, so no pod would be replaced. Change the strategy first.")


def _refuse_conflicts(where: str, before: dict, after: dict, obj: dict) -> None:
    owned = conflicts({"spec": before}, {"spec": after}, obj["metadata"].get("managedFields"))
    if owned:
        named = "; ".join(f"{field} is owned by {manager}" for manager, field in owned[:MAX_NAMED])
        more = f"; and {len(owned) - MAX_NAMED} more" if len(owned) > MAX_NAMED else ""
        raise RunbookError(
            f"{where} cannot be changed, as other field managers own the fields: {named}{more}. Change them there, or take the fields over "
            f"with force_conflicts: true. {NOTHING_CHANGED}"
        )
