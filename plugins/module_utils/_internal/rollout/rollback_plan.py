# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rollback after a failure: the revision that each workload returns to, or why it cannot, and the message about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..clients.cluster.field_managers import applied_by_others
from ..workloads.fields import containers_of
from ..workloads.model import COMPLETE, RolloutStatus, Workload
from ..workloads.snapshot import REVISION_LABELS, Snapshot, WorkloadView
from .actions import PodDeletion, SpecChange, spec_change, stuck_pod_deletions
from .revisions import Revision, current_of, plain, revisions_of, rollback_annotations


@dataclass(frozen=True)
class RollbackItem:
    """The rollback of one workload. ``revision``: the one it returns to; None if it is not rolled back, and ``reason`` says why."""

    workload: Workload
    revision: Revision | None = None
    actions: tuple[SpecChange | PodDeletion, ...] = ()
    reason: str = ""
    note: str = ""
    available: bool | None = None  # whether it was complete again, None if it is not rolled back

    def as_data(self) -> dict:
        """As the module returns it."""
        number, cause = (self.revision.number, self.revision.change_cause) if self.revision else (None, "")
        return {
            "workload": str(self.workload), "revision": number, "change_cause": cause, "available": self.available,
            "actions": [str(action) for action in self.actions], "reason": self.reason, "note": self.note,
        }


def plan_rollback(snapshot: Snapshot, last_good: dict[Workload, str], incomplete: set[Workload], by: str, force: bool) -> list[RollbackItem]:
    """What to roll back, in the order of the option. Complete workloads too, as what was deployed together is rolled back together.

    ``last_good``: the last good revision, by workload. ``incomplete``: workloads that are not complete; the message says why, if one of them
    is not rolled back. ``force``: take over fields that others apply.
    """
    items = [_item(view, snapshot, last_good.get(view.workload, ""), by, force) for view in snapshot.views()]
    return [item for item in items if item.revision or item.workload in incomplete]


def with_result(items: list[RollbackItem], status: RolloutStatus) -> list[RollbackItem]:
    """The same items with whether each is complete again."""
    complete = {one.workload for one in status.workloads if one.state == COMPLETE}
    return [replace(item, available=item.workload in complete) if item.revision else item for item in items]


def rollback_message(items: list[RollbackItem], failure: str) -> str:
    """What was rolled back. ``failure``: why the restored revisions are not complete either, "" if they are."""
    lines = [_line(item) for item in items]
    if failure:
        lines.append(f"The rollback failed as well:\n{failure}")
    return "\n".join(lines)


def _line(item: RollbackItem) -> str:
    note = f" {item.note}" if item.note else ""
    if item.revision is None:
        return f"{item.workload} was not rolled back: {item.reason}{note}"
    cause = f" ({item.revision.change_cause})" if item.revision.change_cause else ""
    state = "which is available again" if item.available else "which is not available yet"
    return f"{item.workload} was rolled back to revision {item.revision.number}{cause}, {state}.{note}"


def _item(view: WorkloadView, snapshot: Snapshot, name: str, by: str, force: bool) -> RollbackItem:
    workload, obj = view.workload, view.obj
    revisions = revisions_of(workload, obj, snapshot.observation)
    target = next((revision for revision in revisions if revision.name == name), None)
    if target is None:
        return RollbackItem(workload, reason=_no_target(revisions, name))
    deletions = tuple(stuck_pod_deletions(workload, obj, snapshot.observation, target))
    if target.restored == plain(obj["spec"]["template"]):
        reason = "it is at its last good revision already, so the cause is outside its pod template."
        return RollbackItem(workload, target, deletions) if deletions else RollbackItem(workload, reason=reason)
    reason = _blocked(obj) or ("" if force else _conflict(obj, target))
    if reason:
        return RollbackItem(workload, reason=reason)
    step = f"roll back to revision {target.number}"
    after = {"template": target.restored, "replicas": obj["spec"].get("replicas")}
    annotations = rollback_annotations(workload, obj, revisions, target)
    change = spec_change(workload, obj, [step], after, f"{step} after a failure (by {by})", annotations)
    return RollbackItem(workload, target, (change, *deletions), note=_retagged_note(view, obj, revisions, target))


def _no_target(revisions: list[Revision], name: str) -> str:
    if name:
        return f"its controller no longer keeps its last good revision ({name}). Raise revisionHistoryLimit."
    if len(revisions) <= 1:
        return "this is its first revision, so there is nothing to roll back to."
    known = ", ".join(str(revision.number) for revision in revisions)
    return f"none of its revisions ({known}) is known to have been complete. To restore one, set state: rolled_back and to_revision."


def _blocked(obj: dict) -> str:
    if obj["spec"].get("paused"):
        return f"it is paused. Resume it first: kubectl rollout resume deployment/{obj['metadata']['name']}"
    if (obj["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return "its update strategy OnDelete replaces no pod. Roll it back manually, and delete the pods."
    return ""


def _conflict(obj: dict, target: Revision) -> str:
    """Fields that another manager applies. If they were taken over, its next apply would fail with a conflict."""
    before, after = {"template": obj["spec"]["template"]}, {"template": target.restored}
    owned = applied_by_others({"spec": before}, {"spec": after}, obj["metadata"].get("managedFields"))
    if not owned:
        return ""
    manager, field = owned[0]
    return f"{field} is applied by {manager}, whose next apply would fail with a conflict. Apply the previous manifest as {manager}."


def _retagged_note(view: WorkloadView, obj: dict, revisions: list[Revision], target: Revision) -> str:
    """A warning if both revisions name the same reference and the pods of the previous one run another image under it."""
    current = current_of(obj, revisions)
    new, old = (_images(view, revision.label) if revision else {} for revision in (current, target))
    retagged = sorted({reference for (name, reference), ids in new.items() if old.get((name, reference), ids) != ids})
    if not retagged:
        return ""
    return (
        f"{', '.join(retagged)} now points to a different image than the previous pods run. That image cannot be restored, as new pods get "
        "the new one. Use content tags."
    )


def _images(view: WorkloadView, label: str) -> dict[tuple[str, str], set[str]]:
    """(container, reference) to the IDs of the images that the pods of a revision run under it."""
    ids: dict[tuple[str, str], set[str]] = {}
    for pod in (*view.new_pods, *view.old_pods, *view.terminating):
        if (pod["metadata"].get("labels") or {}).get(REVISION_LABELS[view.workload.kind]) == label:
            for spec, status, _kind in containers_of(pod):
                if status.get("imageID"):
                    ids.setdefault((spec["name"], spec["image"]), set()).add(status["imageID"])
    return ids
