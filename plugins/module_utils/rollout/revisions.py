# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The revisions of a workload that its controller keeps, and which of them an undo goes back to. Pure."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import CHANGE_CAUSE, UNDONE
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import owner_uid
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import STORED_IN, Observation, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import DEPLOYMENT_REVISION, POD_REVISION

FORMER_NUMBERS = "deployment.kubernetes.io/revision-history"


@dataclass(frozen=True)
class Revision:
    """One revision. ``name``: the ReplicaSet or ControllerRevision that keeps it; ``former``: numbers that it had before an undo."""

    number: int
    name: str
    template: dict
    change_cause: str
    created: str
    former: tuple[int, ...] = ()
    label: str = ""  # what its pods carry in their revision label


def revisions_of(workload: Workload, obj: dict, observation: Observation) -> list[Revision]:
    """What the controller keeps of a workload, oldest first."""
    owned = [item for item in observation.of(STORED_IN[workload.kind]) if owner_uid(item) == obj["metadata"]["uid"]]
    read = _from_replica_set if workload.kind == "Deployment" else _from_controller_revision
    return sorted((read(item) for item in owned), key=lambda revision: revision.number)


def history(obj: dict, revisions: list[Revision]) -> list[dict]:
    """The revisions as data, newest last."""
    live = plain(obj["spec"]["template"])
    return [
        {
            "revision": revision.number, "images": _images(revision.template), "change_cause": revision.change_cause,
            "created": revision.created, "current": revision.template == live,
        }
        for revision in revisions
    ]


def target_of(where: str, obj: dict, revisions: list[Revision], number: int) -> Revision | None:
    """The revision to go back to, None where the workload is there already. ``number`` 0: the former one.

    Raises RunbookError, which begins with ``where``, if there is no such revision.
    """
    live = plain(obj["spec"]["template"])
    if number:
        found = [item for item in revisions if item.number == number] or [item for item in revisions if number in item.former]
        if not found:
            raise RunbookError(f"{where} has no revision {number}. {_there(revisions)}")
        return None if found[0].template == live else found[0]
    others = [item for item in revisions if item.template != live]
    if not others:
        raise RunbookError(f"{where} has no former revision to go back to. {_there(revisions)}")
    return None if _was_left(obj, others[-1], revisions) else others[-1]


def current_of(obj: dict, revisions: list[Revision]) -> Revision | None:
    """The revision that the workload asks for at present, None while its controller has not made it yet."""
    live = plain(obj["spec"]["template"])
    return next((item for item in revisions if item.template == live), None)


def undo_notes(workload: Workload, obj: dict, revisions: list[Revision], target: Revision) -> dict[str, str]:
    """The annotations that an undo writes. UNDONE: so that a second undo to the former revision changes nothing.

    A ControllerRevision that serves again keeps the cause that it has, so that is the workload's too: it is what the next
    revision begins with.
    """
    left = current_of(obj, revisions)
    cause = {} if workload.kind == "Deployment" else {CHANGE_CAUSE: target.change_cause}
    return {UNDONE: f"{left.name if left else ''} {target.name}", **cause}


def plain(value):
    """A template without empty fields (null), which the API server writes in some places only."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, list) else value


def _was_left(obj: dict, candidate: Revision, revisions: list[Revision]) -> bool:
    """Whether an undo has just left the candidate, and the workload still is where that undo brought it."""
    left, _space, restored = (obj["metadata"].get("annotations") or {}).get(UNDONE, "").partition(" ")
    current = current_of(obj, revisions)
    return bool(current) and (left, restored) == (candidate.name, current.name)


def _from_replica_set(item: dict) -> Revision:
    template = copy.deepcopy(plain(item["spec"]["template"]))
    template.get("metadata", {}).get("labels", {}).pop("pod-template-hash", None)
    annotations = item["metadata"].get("annotations") or {}
    former = tuple(int(number) for number in annotations.get(FORMER_NUMBERS, "").split(",") if number.isdigit())
    label = (item["metadata"].get("labels") or {}).get(POD_REVISION["Deployment"], "")
    return _revision(item, int(annotations.get(DEPLOYMENT_REVISION, 0)), template, label, former)


def _from_controller_revision(item: dict) -> Revision:
    template = {key: value for key, value in plain(item["data"]["spec"]["template"]).items() if key != "$patch"}
    # The pods of a StatefulSet carry the name, those of a DaemonSet the hash that is the label's value here too.
    label = (item["metadata"].get("labels") or {}).get(POD_REVISION["DaemonSet"], item["metadata"]["name"])
    return _revision(item, item["revision"], template, label, ())


def _revision(item: dict, number: int, template: dict, label: str, former: tuple[int, ...]) -> Revision:
    metadata = item["metadata"]
    cause = (metadata.get("annotations") or {}).get(CHANGE_CAUSE, "")
    return Revision(number, metadata["name"], template, cause, metadata.get("creationTimestamp", ""), former, label)


def _images(template: dict) -> dict[str, str]:
    return {item["name"]: item["image"] for group in ("initContainers", "containers") for item in template["spec"].get(group, [])}


def _there(revisions: list[Revision]) -> str:
    known = ", ".join(f"{item.number} ({', '.join(_images(item.template).values())})" for item in revisions)
    return f"There: {known}." if known else "Its controller keeps none."
