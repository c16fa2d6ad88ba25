# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions of a plan, and how each is reported. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from ..clients.cluster.field_managers import CHANGE_CAUSE, DEPLOY, RESTARTED_AT
from ..clients.cluster.pods import is_active, is_ready
from ..workloads.fields import owner_uid
from ..workloads.model import Observation, Workload
from ..workloads.snapshot import REVISION_LABELS
from .pod_template import differences
from .revisions import Revision


@dataclass(frozen=True)
class SpecChange:
    """A change of a workload's spec, made as the field manager runbook-deploy. ``before``, ``after``: its template and replicas."""

    workload: Workload
    steps: tuple[str, ...]
    before: dict
    after: dict
    generation: int
    annotations: dict = field(default_factory=dict)  # all annotations after the change
    had_annotations: bool = True
    new_annotations: tuple[str, ...] = ()
    what: ClassVar[str] = "change"

    def __str__(self) -> str:
        return f"{self.workload}: {'; '.join(self.steps)}"

    @property
    def rolls(self) -> bool:
        """Whether the pods are replaced."""
        return self.before["template"] != self.after["template"]

    @property
    def lines(self) -> tuple[str, str]:
        """Before and after as text, with values for images and replicas only."""
        changed = differences(self.before["template"], self.after["template"], "template")
        if self.before.get("replicas") != self.after.get("replicas"):
            changed.append(("replicas", str(self.before.get("replicas")), str(self.after.get("replicas"))))
        before, after = (("".join(f"{self.workload}: {path}: {values[side]}\n" for path, *values in changed)) for side in (0, 1))
        return before, after


@dataclass(frozen=True)
class _UnshownChange:
    """A change other than to the workload's spec. It replaces no pods by itself, and is not in the diff."""

    workload: Workload
    what: ClassVar[str] = "change"
    rolls: ClassVar[bool] = False
    lines: ClassVar[tuple[str, str]] = ("", "")


@dataclass(frozen=True)
class OwnershipTransfer(_UnshownChange):
    """Transfers field ownership to runbook-deploy after an interrupted run, which ended between a change and its update of managedFields."""

    def __str__(self) -> str:
        return f"{self.workload}: transfer field ownership left by an interrupted run to {DEPLOY}"


@dataclass(frozen=True)
class PodDeletion(_UnshownChange):
    """Deletes a StatefulSet's pod that is stuck at a previous revision, as the controller would wait for it forever."""

    pod: str
    uid: str

    def __str__(self) -> str:
        return f"{self.workload}: delete pod {self.pod}, which is not ready and belongs to a previous revision"


@dataclass(frozen=True)
class Restart:
    """Replaces a workload's pods by the annotation that ``kubectl rollout restart`` sets."""

    workload: Workload
    before: str  # the current value of the annotation, "" for none
    after: str
    reason: str = ""
    last_good: str = ""  # the last good revision, to be recorded
    what: ClassVar[str] = "restart"
    rolls: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"restart {self.workload}{f': {self.reason}' if self.reason else ''}"

    @property
    def lines(self) -> tuple[str, str]:
        """Before and after as text."""
        before, after = (f"{self.workload}: {RESTARTED_AT}: {value}\n" for value in (self.before or "(none)", self.after))
        return before, after


Action: TypeAlias = "SpecChange | OwnershipTransfer | PodDeletion | Restart"


def spec_change(workload: Workload, obj: dict, steps: list[str], after: dict, cause: str, annotations: dict) -> SpecChange:
    """The change to ``after`` (template and replicas). ``cause``: the change cause of a new revision; ``annotations``: further ones."""
    before = {"template": obj["spec"]["template"], "replicas": obj["spec"].get("replicas")}
    new = {**({CHANGE_CAUSE: cause} if before["template"] != after["template"] else {}), **annotations}
    present = obj["metadata"].get("annotations") or {}
    return SpecChange(workload, tuple(steps), before, after, obj["metadata"]["generation"], {**present, **new}, bool(present), tuple(new))


def stuck_pod_deletions(workload: Workload, obj: dict, observation: Observation, target: Revision | None) -> list[PodDeletion]:
    """The pods of a StatefulSet that are neither ready nor of the revision ``target``; none for the other kinds."""
    if workload.kind != "StatefulSet" or target is None:
        return []
    pods = [pod for pod in observation.of("Pod") if owner_uid(pod) == obj["metadata"]["uid"] and is_active(pod)]
    label = REVISION_LABELS["StatefulSet"]
    stuck = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(label) != target.name and not is_ready(pod)]
    return [PodDeletion(workload, pod["metadata"]["name"], pod["metadata"]["uid"]) for pod in stuck]


def diff_of(actions: list[Action]) -> dict[str, str]:
    """The actions as Ansible's diff."""
    return {side: "".join(action.lines[number] for action in actions) for number, side in enumerate(("before", "after"))}
