# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way back after a failure: what goes to which revision, what can't, and how that is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.runbook.minikube.plugins.module_utils.rollout.actions import Change, Removal, change_of, removals_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import applied_by_others
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import (
    Revision,
    current_of,
    plain,
    revisions_of,
    undo_notes,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import containers_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, Verdict, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import POD_REVISION, Scene, Subject


@dataclass(frozen=True)
class Return:
    """One workload's part of the way back. ``revision``: where it goes, None where it stays, and ``why`` then says why."""

    workload: Workload
    revision: Revision | None = None
    actions: tuple[Change | Removal, ...] = ()
    why: str = ""
    note: str = ""
    serves: bool | None = None  # whether it was seen to serve again, None where it stays

    def as_data(self) -> dict:
        """As it stands in the module's result."""
        number, cause = (self.revision.number, self.revision.change_cause) if self.revision else (None, "")
        return {
            "workload": str(self.workload), "revision": number, "change_cause": cause, "serves": self.serves,
            "actions": [str(action) for action in self.actions], "reason": self.why, "note": self.note,
        }


def make_way_back(scene: Scene, served: dict[Workload, str], incomplete: set[Workload], by: str, force: bool) -> list[Return]:
    """What goes back, in the order of the option, complete workloads too: what was deployed together goes back together.

    ``served``: the revision that served before, by workload. ``incomplete``: those that do not serve, so that it is told why
    they stay, if they do. ``force``: fields that others apply are taken over.
    """
    found = [_return(scene.subject(workload), scene, served.get(workload, ""), by, force) for workload in scene.observation.workloads]
    return [item for item in found if item and (item.revision or item.workload in incomplete)]


def seen(returns: list[Return], verdict: Verdict) -> list[Return]:
    """The same with whether each serves again."""
    complete = {state.workload for state in verdict.states if state.state == COMPLETE}
    return [replace(item, serves=item.workload in complete) if item.revision else item for item in returns]


def way_back_text(returns: list[Return], trouble: str) -> str:
    """What was done after the failure. ``trouble``: why the former revisions do not serve either, "" where they do."""
    lines = [_line(item) for item in returns]
    if trouble:
        lines.append(f"The way back has failed too:\n{trouble}")
    return "\n".join(lines)


def _line(item: Return) -> str:
    note = f" {item.note}" if item.note else ""
    if item.revision is None:
        return f"{item.workload} was not rolled back: {item.why}{note}"
    cause = f" ({item.revision.change_cause})" if item.revision.change_cause else ""
    state = "which serves again" if item.serves else "which does not serve yet"
    return f"{item.workload} was rolled back to revision {item.revision.number}{cause}, {state}.{note}"


def _return(subject: Subject | None, scene: Scene, name: str, by: str, force: bool) -> Return | None:
    if subject is None:
        return None
    workload, obj = subject.workload, subject.obj
    revisions = revisions_of(workload, obj, scene.observation)
    target = next((revision for revision in revisions if revision.name == name), None)
    if target is None:
        return Return(workload, why=_nowhere(workload, revisions, name))
    removals = removals_of(workload, obj, scene.observation, target)
    if target.template == plain(obj["spec"]["template"]):
        why = "it is at the revision that served before, so what is wrong lies outside its pod template."
        return Return(workload, target, tuple(removals)) if removals else Return(workload, why=why)
    why = _held(obj) or ("" if force else _foreign(obj, target))
    if why:
        return Return(workload, why=why)
    does = [f"undo to revision {target.number}"]
    after = {"template": target.template, "replicas": obj["spec"].get("replicas")}
    cause = f"undo to revision {target.number} after a failure (by {by})"
    change = change_of(workload, obj, does, after, cause, undo_notes(workload, obj, revisions, target))
    return Return(workload, target, (change, *removals), note=_other_image(subject, obj, revisions, target))


def _nowhere(workload: Workload, revisions: list[Revision], name: str) -> str:
    if name:
        return f"its controller does not keep the revision that served before ({name}) any more. Raise revisionHistoryLimit."
    if len(revisions) <= 1:
        return "this is its first revision, so there is nothing to go back to."
    known = ", ".join(str(revision.number) for revision in revisions)
    return f"none of its revisions ({known}) is known to have served. Name one yourself: state: undone with to_revision."


def _held(obj: dict) -> str:
    if obj["spec"].get("paused"):
        return f"it is paused. Resume it first: kubectl rollout resume deployment/{obj['metadata']['name']}"
    if (obj["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return "its update strategy OnDelete replaces no pod. Undo it by hand, and delete the pods."
    return ""


def _foreign(obj: dict, target: Revision) -> str:
    """Fields that somebody else applies: taken over, they would be a conflict at his next apply."""
    before, after = {"template": obj["spec"]["template"]}, {"template": target.template}
    found = applied_by_others({"spec": before}, {"spec": after}, obj["metadata"].get("managedFields"))
    if not found:
        return ""
    manager, field = found[0]
    return f"{field} is applied by {manager}, whose next apply would be in conflict. Let {manager} apply the former state."


def _other_image(subject: Subject, obj: dict, revisions: list[Revision], target: Revision) -> str:
    """A warning where both revisions name the same reference and the former pods run another image under it."""
    current = current_of(obj, revisions)
    new, old = (_images(subject, revision.label) if revision else {} for revision in (current, target))
    moved = sorted({reference for (name, reference), found in new.items() if old.get((name, reference), found) != found})
    if not moved:
        return ""
    return (
        f"The image behind {', '.join(moved)} is not the one that its former pods run, and there is no way back to that: pods that are "
        "made anew get the new image. Use tags that follow from the content."
    )


def _images(subject: Subject, label: str) -> dict[tuple[str, str], set[str]]:
    """(container, reference) to the IDs of the images that the pods of a revision run under it."""
    found: dict[tuple[str, str], set[str]] = {}
    for pod in (*subject.new_pods, *subject.old_pods, *subject.leaving):
        if (pod["metadata"].get("labels") or {}).get(POD_REVISION[subject.workload.kind]) == label:
            for spec, status, _kind in containers_of(pod):
                if status.get("imageID"):
                    found.setdefault((spec["name"], spec["image"]), set()).add(status["imageID"])
    return found
