# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is observed of a rollout and the status computed from it. Plain data, no I/O. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

COMPLETE = "complete"
PROGRESSING = "progressing"
FAILED = "failed"

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet")
REVISION_KINDS = {"Deployment": "ReplicaSet", "StatefulSet": "ControllerRevision", "DaemonSet": "ControllerRevision"}  # what stores a revision


@dataclass(frozen=True)
class Workload:
    """A workload to wait for. ``dapr``: whether its pods need a daprd container; None: their annotation decides."""

    kind: str
    name: str
    dapr: bool | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class WaitOptions:
    """How long a condition may last before it is a failure, in seconds; ``max_restarts`` is a number of restarts."""

    scheduling_timeout: int = 15
    start_timeout: int = 30
    unreachable_timeout: int = 60
    init_timeout: int = 180
    max_restarts: int = 2
    min_ready_seconds: int = 3


@dataclass(frozen=True)
class Cause:
    """Why a workload is not complete. ``fatal_at``: when it becomes a certain failure, None: not by itself."""

    workload: str
    reason: str  # Kubernetes' reason, for example ErrImagePull
    category: str  # finer than the reason, for example image_not_found
    summary: str  # continues a sentence that begins with the container, the pod or the workload
    hint: str
    pod: str | None = None
    container: str | None = None
    container_type: str | None = None  # container, init or sidecar
    message: str = ""  # Kubernetes' message
    since: datetime | None = None
    fatal_at: datetime | None = None
    exit_code: int | None = None
    restarts: int = 0
    previous_log: bool = False  # the relevant log is that of the container's previous run
    blocks_rollout: bool = False  # a pod of the previous revision that the controller waits for
    pods: int = 1  # how many pods have the same cause
    log: str = ""


@dataclass(frozen=True)
class WorkloadStatus:
    """The status of one workload. ``missing``: what is not ready yet; ``note``: a limitation of a complete status."""

    workload: Workload
    state: str
    missing: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()  # certain ones if the state is failed, else suspected ones
    note: str = ""


@dataclass(frozen=True)
class RolloutStatus:
    """The status of all workloads. ``recheck``: seconds after which it may change without a change in the cluster, None: never."""

    state: str
    workloads: tuple[WorkloadStatus, ...]
    recheck: float | None = None

    @property
    def causes(self) -> list[Cause]:
        """The certain causes of failure, of all workloads."""
        return [cause for status in self.workloads if status.state == FAILED for cause in status.causes]


@dataclass
class Observation:
    """What the API server has sent so far. ``issue_start_times``: (pod uid, container, stage) to when the container got stuck there."""

    namespace: str
    workloads: tuple[Workload, ...]
    started: datetime
    objects: dict[str, dict[str, dict]] = field(default_factory=dict)  # kind: uid: object as the API sends it
    issue_start_times: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    deleted: set[tuple[str, str]] = field(default_factory=set)  # (kind, name) of workloads that were deleted during the wait

    def of(self, kind: str) -> list[dict]:
        """The objects of a kind."""
        return list(self.objects.get(kind, {}).values())
