# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions of a recovery, and the problems that need manual action. Plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .components import ORDER

# Operations.
BACK_UP, CLEAR_TRUST_BUNDLE, SYNC_CONFIGMAP = "back_up", "clear_trust_bundle", "sync_configmap"
CREATE, RESTORE, SET_CA_BUNDLE = "create", "restore", "set_ca_bundle"
SCALE, RECREATE_POD, RESTART_COMPONENT, ROLLING_RESTART = "scale", "recreate_pod", "restart_component", "rolling_restart"
SENTENCES = {
    BACK_UP: "back up {kind} {name}",
    CLEAR_TRUST_BUNDLE: "clear {kind} {name}, so that Sentry creates a new certificate authority",
    SYNC_CONFIGMAP: "copy the trust anchors of the Secret to {kind} {name}",
    CREATE: "create {kind} {name} from the Helm release",
    RESTORE: "restore {kind} {name} from the Helm release",
    SET_CA_BUNDLE: "update the CA bundle of {kind} {name}",
    SCALE: "scale up {kind} {name}",
    RECREATE_POD: "recreate {kind} {name}",
    RESTART_COMPONENT: "restart {kind} {name}",
    ROLLING_RESTART: "perform a rolling restart of {kind} {name}",
}
# The permissions for each, as (verb, subresource); a server-side apply of a missing object needs both.
APPLY, PATCH = (("create", None), ("patch", None)), (("patch", None),)
PERMISSIONS = {
    BACK_UP: APPLY, CLEAR_TRUST_BUNDLE: PATCH, SYNC_CONFIGMAP: PATCH, CREATE: APPLY, RESTORE: (("update", None),), SET_CA_BUNDLE: PATCH, SCALE: PATCH,
    RECREATE_POD: (("create", "eviction"),), RESTART_COMPONENT: PATCH, ROLLING_RESTART: PATCH,
}


@dataclass(frozen=True)
class RecoveryAction:
    """One change. ``cause`` is the category of the problem, ``evidence`` the sentence that shows it."""

    operation: str
    kind: str
    name: str
    namespace: str
    cause: str
    evidence: str
    component: str = ""  # of the control plane, if the action recovers one
    workload: tuple[str, str] | None = None  # (kind, name) of the application that is waited for afterwards
    uid: str = ""  # of the pod, so that no later pod of the same name is evicted
    serving: bool = False  # whether that pod is ready, so that its successor is waited for before the next is evicted
    body: Any = field(default=None, repr=False)  # what is written; it may contain a secret

    @property
    def traced(self) -> tuple[str, str] | None:
        """(kind, name) of the workload on which the cure of a pod leaves its trace, None if its controller is none."""
        component = next((item for item in ORDER if item.name == self.component), None)
        return (component.kind, component.workload) if component else self.workload

    def __str__(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return SENTENCES[self.operation].format(kind=self.kind, name=self.name) + f"{where}: {self.evidence}"

    def as_data(self) -> dict:
        """For the result: without the body."""
        shown = ("operation", "kind", "name", "namespace", "cause", "evidence")
        return {**{key: getattr(self, key) for key in shown}, "message": str(self)}


@dataclass(frozen=True)
class Problem:
    """A problem that this recovery cannot fix. ``next_step``: the manual action."""

    kind: str
    name: str
    namespace: str
    cause: str
    evidence: str
    next_step: str

    def __str__(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{where}: {self.evidence}. Next: {self.next_step}"

    def as_data(self) -> dict:
        """For the result."""
        return {**asdict(self), "message": str(self)}


@dataclass(frozen=True)
class RecoveryPlan:
    """The actions in their order (the control plane with its webhook, then the applications), and the problems that need manual action.

    ``awaited``: workloads (namespace, kind, name) that get ready once the control plane is; ``reconnecting``: UIDs of pods that may.
    """

    control_plane: tuple[RecoveryAction, ...] = ()
    applications: tuple[RecoveryAction, ...] = ()
    problems: tuple[Problem, ...] = ()
    awaited: tuple[tuple[str, str, str], ...] = ()
    reconnecting: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_held: bool = False  # a layer below Dapr has failed, so nothing gets ready

    @property
    def actions(self) -> tuple[RecoveryAction, ...]:
        """All of them."""
        return self.control_plane + self.applications

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing to do, to wait for, or to fix manually."""
        return not (self.actions or self.problems or self.awaited)
