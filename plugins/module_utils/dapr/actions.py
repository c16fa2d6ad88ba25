# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done to bring Dapr back, and what a person has to do. Plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

# What an action does.
BACK_UP, EMPTY_BUNDLE, PUBLISH_ANCHORS = "back_up", "empty_trust_bundle", "publish_anchors"
CREATE, RESTORE, TRUST = "create", "restore", "set_ca_bundle"
SCALE, RECREATE, RESTART, ROLL = "scale", "recreate_pod", "restart_component", "roll"
SAYS = {
    BACK_UP: "keep a copy of {kind} {name}",
    EMPTY_BUNDLE: "empty {kind} {name}, so that Sentry makes a new certificate authority",
    PUBLISH_ANCHORS: "write the anchors of the Secret into {kind} {name}",
    CREATE: "make {kind} {name} as the release has it",
    RESTORE: "set {kind} {name} back to what the release has",
    TRUST: "give {kind} {name} the present anchors as its CA bundle",
    SCALE: "scale {kind} {name} up",
    RECREATE: "make {kind} {name} anew",
    RESTART: "restart {kind} {name}",
    ROLL: "roll {kind} {name}",
}
# What each is allowed by, as (verb, subresource); a server-side apply of what is not there needs both.
APPLY, PATCH = (("create", None), ("patch", None)), (("patch", None),)
NEEDS = {
    BACK_UP: APPLY, EMPTY_BUNDLE: PATCH, PUBLISH_ANCHORS: PATCH, CREATE: APPLY, RESTORE: (("update", None),), TRUST: PATCH, SCALE: PATCH,
    RECREATE: (("create", "eviction"),), RESTART: PATCH, ROLL: PATCH,
}


@dataclass(frozen=True)
class Action:
    """One change. ``cause`` is the class of what is wrong, ``evidence`` the sentence that shows it."""

    what: str
    kind: str
    name: str
    namespace: str
    cause: str
    evidence: str
    component: str = ""  # the part of the control plane that it brings back
    workload: tuple[str, str] | None = None  # (kind, name) of the application that is waited for after it
    uid: str = ""  # of the pod that is meant, and of no other of its name
    body: dict | list | None = field(default=None, repr=False)  # what is written; it may hold a secret

    def __str__(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return SAYS[self.what].format(kind=self.kind, name=self.name) + f"{where}: {self.evidence}"

    def as_data(self) -> dict:
        """As it stands in the result: without what is written."""
        shown = ("what", "kind", "name", "namespace", "cause", "evidence")
        return {**{key: getattr(self, key) for key in shown}, "says": str(self)}


@dataclass(frozen=True)
class Problem:
    """What is wrong and not cured by this: what a person does is ``next_step``."""

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
        """As it stands in the result."""
        return {**asdict(self), "says": str(self)}


@dataclass(frozen=True)
class Plan:
    """What is done, in its order (the control plane with its webhook, then the applications), and what is left to a person.

    ``awaited``: workloads (namespace, kind, name) that get ready when the control plane is back; ``reconnecting``: UIDs of pods that may.
    """

    control: tuple[Action, ...] = ()
    applications: tuple[Action, ...] = ()
    problems: tuple[Problem, ...] = ()
    awaited: tuple[tuple[str, str, str], ...] = ()
    reconnecting: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def actions(self) -> tuple[Action, ...]:
        """All of them."""
        return self.control + self.applications

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is to be done, waited for, or left to a person."""
        return not (self.actions or self.problems or self.awaited)
