# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is observed of a rollout and what is concluded from it. Plain data, no I/O. Times are aware datetimes in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

COMPLETE = "complete"
PROGRESSING = "progressing"
FAILED = "failed"

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet")
STORED_IN = {"Deployment": "ReplicaSet", "StatefulSet": "ControllerRevision", "DaemonSet": "ControllerRevision"}  # the kind that keeps each one's revisions


@dataclass(frozen=True)
class Workload:
    """What is waited for. ``dapr``: the pods need a daprd container; None: where their annotation says so."""

    kind: str
    name: str
    dapr: bool | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Options:
    """How long something may last before it is a failure, in seconds; ``crash_restarts`` counts restarts."""

    scheduling_grace: int = 15
    create_grace: int = 30
    retry_grace: int = 60
    init_timeout: int = 180
    crash_restarts: int = 2
    settle: int = 3


@dataclass(frozen=True)
class Cause:
    """Why a workload does not get ready. ``due``: when this becomes a certain failure, None: not by itself."""

    workload: str
    reason: str  # the word of Kubernetes, for example ErrImagePull
    category: str  # our own class, finer than the reason, for example image_not_found
    says: str  # the middle of a sentence after the container's or the pod's name
    hint: str
    pod: str | None = None
    container: str | None = None
    container_type: str | None = None  # container, init or sidecar
    message: str = ""  # Kubernetes' own message
    since: datetime | None = None
    due: datetime | None = None
    exit_code: int | None = None
    restarts: int = 0
    previous_log: bool = False  # the log that tells is that of the container's former run
    blocking: bool = False  # it is a pod of a former revision, and the controller goes on only when it is ready or gone
    pods: int = 1  # how many pods have the same
    log: str = ""


@dataclass(frozen=True)
class State:
    """The verdict on one workload: ``missing`` says what still lacks, ``note`` what a success does not mean."""

    workload: Workload
    state: str
    missing: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()  # certain ones where state is failed, else what is suspected
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """The verdict on all. ``recheck``: seconds after which it can change without any change in the cluster, None: never."""

    state: str
    states: tuple[State, ...]
    recheck: float | None = None

    @property
    def causes(self) -> list[Cause]:
        """The certain causes of failure, of all workloads."""
        return [cause for state in self.states if state.state == FAILED for cause in state.causes]


Objects = Mapping[str, Mapping[str, dict]]  # kind: uid: object as the API sends it


@dataclass
class Observation:
    """What the API server has sent so far. ``first_seen``: (pod uid, container, stage): since when it is stuck there."""

    namespace: str
    workloads: tuple[Workload, ...]
    started: datetime
    objects: dict[str, dict[str, dict]] = field(default_factory=dict)
    first_seen: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    deleted: set[tuple[str, str]] = field(default_factory=set)  # (kind, name) of workloads that went while watched

    def of(self, kind: str) -> list[dict]:
        """The objects of a kind."""
        return list(self.objects.get(kind, {}).values())
