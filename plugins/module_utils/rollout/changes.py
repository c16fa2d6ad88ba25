# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which images, variables, replicas or revision a workload shall get. Pure: an observation and the options in, changes out."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.actions import Adoption, Change, Removal, change_of, removals_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import conflicts, needs_adoption
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import (
    current_of,
    plain,
    revisions_of,
    target_of,
    undo_notes,
)
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.template import differences, with_env, with_images
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Observation, Workload

MAX_NAMED = 8  # conflicts that are named in a message


def make_changes(observation: Observation, params: dict, by: str) -> list[Change | Adoption | Removal]:
    """The changes that the options ask for, none for what is so already. ``by``: who does it, for the change cause.

    Workloads that do not exist are left out; the plan of restarts tells them. Raises RunbookError where a change can't be done.
    """
    kinds = {workload.kind for workload in observation.workloads}
    found = {(kind, obj["metadata"]["name"]): obj for kind in kinds for obj in observation.of(kind)}
    changes = []
    for index, (workload, entry) in enumerate(zip(observation.workloads, params["workloads"])):
        obj = found.get((workload.kind, workload.name))
        if obj is not None and _asks(entry, params):
            changes.append(_change(f"workloads[{index}]", workload, obj, entry, observation, params, by))
            changes += _removals(workload, obj, observation, params)
    return [change for change in changes if change]


def _asks(entry: dict, params: dict) -> bool:
    return params["state"] == "undone" or any(entry.get(name) is not None for name in ("images", "env", "replicas"))


def _change(where: str, workload: Workload, obj: dict, entry: dict, observation: Observation, params: dict, by: str):
    extra = {}
    if params["state"] == "undone":
        template, does, extra = _undone(f"{where}: {workload}", workload, obj, observation, params["to_revision"])
    else:
        template, does = _edited(where, obj, entry)
    replicas = _replicas(where, workload, obj, entry.get("replicas"))
    before = {"template": obj["spec"]["template"], "replicas": obj["spec"].get("replicas")}
    after = {"template": template, "replicas": replicas}
    if before == after:
        return Adoption(workload) if needs_adoption(obj["metadata"].get("managedFields")) else None
    if before["template"] != template:
        _refuse_unrollable(f"{where}: {workload}", obj)
    if before["replicas"] != replicas:
        does = [*does, f"scale from {before['replicas']} to {replicas}"]
    if not params["force_conflicts"]:
        _refuse_conflicts(f"{where}: {workload}", before, after, obj)
    return change_of(workload, obj, does, after, params["change_cause"] or f"{'; '.join(does)} (by {by})", extra)


def _undone(where: str, workload: Workload, obj: dict, observation: Observation, number: int) -> tuple[dict, list[str], dict]:
    if obj["spec"].get("paused"):
        raise RunbookError(f"{where} is paused, so an undo would not happen. Resume it: kubectl rollout resume deployment/{workload.name}")
    revisions = revisions_of(workload, obj, observation)
    target = target_of(where, obj, revisions, number)
    if target is None:
        return obj["spec"]["template"], [], {}
    cause = f" ({target.change_cause})" if target.change_cause else ""
    return target.template, [f"undo to revision {target.number}{cause}"], undo_notes(workload, obj, revisions, target)


def _removals(workload: Workload, obj: dict, observation: Observation, params: dict) -> list[Removal]:
    if params["state"] != "undone":
        return []
    revisions = revisions_of(workload, obj, observation)
    target = target_of(str(workload), obj, revisions, params["to_revision"])
    return removals_of(workload, obj, observation, target or current_of(obj, revisions))


def _edited(where: str, obj: dict, entry: dict) -> tuple[dict, list[str]]:
    live = obj["spec"]["template"]
    template = with_images(live, entry.get("images") or {}, where)
    template = with_env(template, entry.get("env") or {}, where)
    if plain(template) == plain(live):
        return live, []
    return template, [f"set {path.removeprefix('spec.')}{f' to {new}' if path.endswith('.image') else ''}" for path, _old, new in
                      differences(live, template)]


def _replicas(where: str, workload: Workload, obj: dict, wanted: int | None) -> int | None:
    if wanted is None:
        return obj["spec"].get("replicas")
    if workload.kind == "DaemonSet":
        raise RunbookError(f"{where}.replicas: {workload} runs on every node that it selects and can't be scaled. Leave replicas out.")
    if wanted < 0:
        raise RunbookError(f"{where}.replicas: {wanted} is below 0.")
    return wanted


def _refuse_unrollable(where: str, obj: dict) -> None:
    if obj["spec"].get("paused"):
        resume = f"kubectl rollout resume deployment/{obj['metadata']['name']}"
        raise RunbookError(f"{where} is paused, so its pods would not be replaced. Resume it: {resume}")
    if (obj["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        raise RunbookError(f"{where} has the update strategy OnDelete, so no pod would be replaced. Change the strategy first.")


def _refuse_conflicts(where: str, before: dict, after: dict, obj: dict) -> None:
    found = conflicts({"spec": before}, {"spec": after}, obj["metadata"].get("managedFields"))
    if found:
        named = "; ".join(f"{owned} is owned by {manager}" for manager, owned in found[:MAX_NAMED])
        more = f"; and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
        raise RunbookError(
            f"{where} can't be changed, as others own the fields: {named}{more}. Let them change it, or take the fields over with "
            "force_conflicts: true. Nothing was changed."
        )
