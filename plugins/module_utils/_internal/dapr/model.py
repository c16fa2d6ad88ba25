# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The observed state of Dapr at one moment. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..clients.cluster.pods import condition
from ..workloads.model import COMPLETE, Cause, WorkloadStatus
from .injection import Injection
from .sidecars import SidecarProblem
from .trust_bundle import TrustBundle


@dataclass(frozen=True)
class ComponentState:
    """A component of the control plane. ``obj`` is None if it does not exist.

    ``old_certificate``: pods whose certificate another authority issued; ``wrong_anchors``: pods that trust outdated anchors.
    """

    status: WorkloadStatus
    obj: dict | None
    pods: tuple[dict, ...] = ()
    causes: tuple[Cause, ...] = ()  # with the last lines of their logs
    old_certificate: tuple[dict, ...] = ()
    wrong_anchors: tuple[dict, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether its rollout is complete."""
        return self.status.state == COMPLETE

    @property
    def replicas(self) -> int:
        """The number of pods in its spec."""
        return (self.obj or {}).get("spec", {}).get("replicas", 1)


@dataclass(frozen=True)
class Drift:
    """An object that differs from the release. ``differences``: sentences."""

    released: dict
    live: dict
    differences: tuple[str, ...]


@dataclass(frozen=True)
class ReleaseState:
    """The deployed revision and the cluster. ``objects``: of its manifest and its CRDs, by (kind, name); ``missing``: those that do not exist."""

    objects: dict[tuple[str, str], dict] = field(default_factory=dict)
    missing: tuple[dict, ...] = ()
    drift: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()

    def drift_of(self, kind: str, name: str) -> tuple[str, ...]:
        """How an object differs from the release, () if it does not."""
        return next((one.differences for one in self.drift if (one.released["kind"], one.released["metadata"]["name"]) == (kind, name)), ())


@dataclass(frozen=True)
class LowerLayers:
    """What Dapr needs of the cluster. ``nodes``: None if they were not read; ``dns_down``: whether no DNS server is ready."""

    nodes: tuple[dict, ...] | None = None
    dns_down: bool = False

    @property
    def not_ready(self) -> list[str]:
        """The names of the nodes that are not ready."""
        return [node["metadata"]["name"] for node in self.nodes or () if condition(node, "Ready").get("status") != "True"]


@dataclass(frozen=True)
class CreationFailure:
    """A workload whose controller cannot create its pods, and its message."""

    kind: str
    name: str
    namespace: str
    message: str


@dataclass(frozen=True)
class DaprState:
    """Everything that the plan depends on. ``components``: by their names; ``injection``: by the applications' namespaces."""

    namespace: str
    now: datetime
    components: dict[str, ComponentState]
    bundle: TrustBundle
    bundle_changed: datetime | None  # when the trust bundle was last written
    webhook: dict | None
    endpoints: int | None = None  # ready addresses behind the injector's Service, None if they were not read
    injected: int = 0  # pods with a sidecar
    sidecar_problems: tuple[SidecarProblem, ...] = ()
    pods: tuple[dict, ...] = ()  # all that are annotated for Dapr
    workloads: tuple[tuple[str, dict], ...] = ()  # (kind, object) in the application namespaces
    release: ReleaseState = field(default_factory=ReleaseState)
    injection: dict[str, Injection] = field(default_factory=dict)
    creation_failures: tuple[CreationFailure, ...] = ()
    lower: LowerLayers = field(default_factory=LowerLayers)
    missing_components: tuple[tuple[str, str], ...] = ()  # (namespace, name) of required Dapr components
    secret: dict | None = field(default=None, repr=False)
