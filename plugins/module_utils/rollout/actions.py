# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done to a workload under deploy's field manager, and how each is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import CHANGE_CAUSE
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import Revision
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.template import differences
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import condition, is_active, owner_uid
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Observation, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import POD_REVISION


@dataclass(frozen=True)
class Change:
    """A change of a workload's spec under deploy's field manager. ``before``, ``after``: its template and replicas."""

    workload: Workload
    does: tuple[str, ...]
    before: dict
    after: dict
    generation: int
    annotations: dict = field(default_factory=dict)  # all of them, as they shall be
    had_annotations: bool = True
    new_annotations: tuple[str, ...] = ()
    what = "change"

    def __str__(self) -> str:
        return f"{self.workload}: {'; '.join(self.does)}"

    @property
    def rolls(self) -> bool:
        """Whether the pods are replaced."""
        return self.before["template"] != self.after["template"]

    @property
    def lines(self) -> tuple[str, str]:
        """Before and after as text. Values are shown for images and replicas only."""
        found = differences(self.before["template"], self.after["template"], "template")
        if self.before.get("replicas") != self.after.get("replicas"):
            found.append(("replicas", str(self.before.get("replicas")), str(self.after.get("replicas"))))
        sides = (("".join(f"{self.workload}: {path}: {values[side]}\n" for path, *values in found)) for side in (0, 1))
        return tuple(sides)


@dataclass(frozen=True)
class Adoption:
    """A former call was cut off between a change and the record of who owns it: the record is made up for."""

    workload: Workload
    what = "change"
    rolls = False
    lines = ("", "")

    def __str__(self) -> str:
        return f"{self.workload}: let runbook-deploy own what an interrupted call has set"


@dataclass(frozen=True)
class Removal:
    """Deletes a pod of the revision that an undo has left, which its StatefulSet's controller would wait for, for ever."""

    workload: Workload
    pod: str
    uid: str
    what = "change"
    rolls = False
    lines = ("", "")

    def __str__(self) -> str:
        return f"{self.workload}: delete pod {self.pod}, which is stuck at the revision that is left"


def change_of(workload: Workload, obj: dict, does: list[str], after: dict, cause: str, extra: dict) -> Change:
    """The change to ``after`` (template and replicas). ``cause``: what the history says of a new revision; ``extra``: more annotations."""
    before = {"template": obj["spec"]["template"], "replicas": obj["spec"].get("replicas")}
    new = {**({CHANGE_CAUSE: cause} if before["template"] != after["template"] else {}), **extra}
    annotations = obj["metadata"].get("annotations") or {}
    return Change(
        workload, tuple(does), before, after, obj["metadata"]["generation"], {**annotations, **new}, bool(annotations), tuple(new)
    )


def removals_of(workload: Workload, obj: dict, observation: Observation, kept: Revision | None) -> list[Removal]:
    """The pods of a StatefulSet that are neither ready nor of the revision that is kept; none for the other kinds."""
    if workload.kind != "StatefulSet" or kept is None:
        return []
    pods = [pod for pod in observation.of("Pod") if owner_uid(pod) == obj["metadata"]["uid"] and is_active(pod)]
    stuck = [
        pod for pod in pods
        if (pod["metadata"].get("labels") or {}).get(POD_REVISION["StatefulSet"]) != kept.name
        and condition(pod, "Ready").get("status") != "True"
    ]
    return [Removal(workload, pod["metadata"]["name"], pod["metadata"]["uid"]) for pod in stuck]
