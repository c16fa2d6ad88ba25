# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The observed state of Dapr at one moment. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..workloads.model import COMPLETE, Cause, WorkloadStatus
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
class DaprState:
    """Everything that the plan depends on. ``components``: by their names; ``release``: objects of the Helm manifest by (kind, name)."""

    namespace: str
    now: datetime
    components: dict[str, ComponentState]
    bundle: TrustBundle
    bundle_changed: datetime | None  # when the trust bundle was last written
    webhook: dict | None
    endpoints: int  # ready addresses behind the injector's Service
    injected: int = 0  # pods with a sidecar
    sidecar_problems: tuple[SidecarProblem, ...] = ()
    pods: tuple[dict, ...] = ()  # all that are annotated for Dapr
    workloads: tuple[tuple[str, dict], ...] = ()  # (kind, object) in the application namespaces
    release: dict[tuple[str, str], dict] = field(default_factory=dict)
    missing_objects: tuple[dict, ...] = ()  # objects of the release that do not exist
    not_ready_nodes: tuple[str, ...] = ()
    missing_components: tuple[tuple[str, str], ...] = ()  # (namespace, name) of required Dapr components
    secret: dict | None = field(default=None, repr=False)
