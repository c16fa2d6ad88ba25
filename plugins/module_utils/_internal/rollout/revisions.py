# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The revisions of a workload that its controller keeps, and which of them a rollback restores. Pure."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace

from ..clients.cluster.field_managers import CHANGE_CAUSE, ROLLED_BACK
from ..errors import RunbookError
from ..workloads.fields import owner_uid
from ..workloads.model import REVISION_KINDS, Observation, Workload
from ..workloads.snapshot import DEPLOYMENT_REVISION, REVISION_LABELS
from .kept_entries import with_kept_entries

FORMER_NUMBERS = "deployment.kubernetes.io/revision-history"


@dataclass(frozen=True)
class Revision:
    """One revision. ``name``: the ReplicaSet or ControllerRevision that stores it; ``former``: its numbers before rollbacks.

    ``restored``: the template that a rollback to it writes: ``template`` with the entries that are kept.
    """

    number: int
    name: str
    template: dict
    change_cause: str
    created: str
    former: tuple[int, ...] = ()
    label: str = ""  # the value of its pods' revision label
    restored: dict = field(default_factory=dict)


def revisions_of(workload: Workload, obj: dict, observation: Observation) -> list[Revision]:
    """The revisions that the controller keeps, oldest first."""
    owned = [item for item in observation.of(REVISION_KINDS[workload.kind]) if owner_uid(item) == obj["metadata"]["uid"]]
    read = _from_replica_set if workload.kind == "Deployment" else _from_controller_revision
    revisions = sorted(map(read, owned), key=lambda revision: revision.number)
    return [replace(revision, restored=plain(with_kept_entries(revision.template, obj))) for revision in revisions]


def history(obj: dict, revisions: list[Revision]) -> list[dict]:
    """The revisions as the module returns them, newest last."""
    live = plain(obj["spec"]["template"])
    return [
        {
            "revision": revision.number, "images": _images(revision.template), "change_cause": revision.change_cause,
            "created": revision.created, "current": revision.template == live,
        }
        for revision in revisions
    ]


def target_of(where: str, obj: dict, revisions: list[Revision], number: int) -> Revision | None:
    """The revision to roll back to, None if the workload is at it already. ``number`` 0: the previous one.

    Raises RunbookError, which begins with ``where``, if there is no such revision.
    """
    live = plain(obj["spec"]["template"])
    if number:
        matching = [item for item in revisions if item.number == number] or [item for item in revisions if number in item.former]
        if not matching:
            raise RunbookError(f"{where} has no revision {number}. {_existing(revisions)}")
        return None if matching[0].restored == live else matching[0]
    others = [item for item in revisions if item.restored != live]
    if not others:
        raise RunbookError(f"{where} has no previous revision to roll back to. {_existing(revisions)}")
    return None if _was_rolled_back(obj, others[-1], revisions) else others[-1]


def current_of(obj: dict, revisions: list[Revision]) -> Revision | None:
    """The revision of the workload's current pod template, None while its controller has not created it yet."""
    live = plain(obj["spec"]["template"])
    return next((item for item in revisions if item.template == live), None)


def rollback_annotations(workload: Workload, obj: dict, revisions: list[Revision], target: Revision) -> dict[str, str]:
    """The annotations of a rollback. With ROLLED_BACK, a second rollback to the previous revision changes nothing.

    A restored ControllerRevision keeps its change cause, so the workload gets the same, with which the next revision begins.
    """
    current = current_of(obj, revisions)
    cause = {} if workload.kind == "Deployment" else {CHANGE_CAUSE: target.change_cause}
    return {ROLLED_BACK: f"{current.name if current else ''} {target.name}", **cause}


def plain(value):
    """A template without empty fields (null), which the API server writes in some places only."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, list) else value


def is_restored(obj: dict, revisions: list[Revision]) -> bool:
    """Whether the workload is at the revision that the last rollback restored, even if that run was interrupted."""
    live = plain(obj["spec"]["template"])
    restored = _last_rollback(obj)[1]
    return any(item.name == restored and item.restored == live for item in revisions)


def _last_rollback(obj: dict) -> tuple[str, str]:
    """The objects of the revisions that the last rollback left and restored, "" for none."""
    rolled_back, _space, restored = (obj["metadata"].get("annotations") or {}).get(ROLLED_BACK, "").partition(" ")
    return rolled_back, restored


def _was_rolled_back(obj: dict, candidate: Revision, revisions: list[Revision]) -> bool:
    """Whether the last rollback was from the candidate, and the workload is still at the revision that it restored."""
    return _last_rollback(obj)[0] == candidate.name and is_restored(obj, revisions)


def _from_replica_set(item: dict) -> Revision:
    template = copy.deepcopy(plain(item["spec"]["template"]))
    template.get("metadata", {}).get("labels", {}).pop("pod-template-hash", None)
    annotations = item["metadata"].get("annotations") or {}
    former = tuple(int(number) for number in annotations.get(FORMER_NUMBERS, "").split(",") if number.isdigit())
    label = (item["metadata"].get("labels") or {}).get(REVISION_LABELS["Deployment"], "")
    return _revision(item, int(annotations.get(DEPLOYMENT_REVISION, 0)), template, label, former)


def _from_controller_revision(item: dict) -> Revision:
    template = {key: value for key, value in plain(item["data"]["spec"]["template"]).items() if key != "$patch"}
    # The label of a StatefulSet's pods is the name; that of a DaemonSet's pods is the hash, which is this label's value too.
    label = (item["metadata"].get("labels") or {}).get(REVISION_LABELS["DaemonSet"], item["metadata"]["name"])
    return _revision(item, item["revision"], template, label, ())


def _revision(item: dict, number: int, template: dict, label: str, former: tuple[int, ...]) -> Revision:
    metadata = item["metadata"]
    cause = (metadata.get("annotations") or {}).get(CHANGE_CAUSE, "")
    return Revision(number, metadata["name"], template, cause, metadata.get("creationTimestamp", ""), former, label)


def _images(template: dict) -> dict[str, str]:
    return {item["name"]: item["image"] for group in ("initContainers", "containers") for item in template["spec"].get(group, [])}


def _existing(revisions: list[Revision]) -> str:
    known = ", ".join(f"{item.number} ({', '.join(_images(item.template).values())})" for item in revisions)
    return f"Existing: {known}." if known else "Its controller keeps none."
