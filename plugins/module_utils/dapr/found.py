# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is observed of Dapr, at one moment. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import Ailment
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Cause, State


@dataclass(frozen=True)
class Part:
    """A part of the control plane. ``obj`` is None where it does not exist.

    ``stale``: pods with a certificate of another authority; ``misled``: pods that trust by former anchors.
    """

    state: State
    obj: dict | None
    pods: tuple[dict, ...] = ()
    causes: tuple[Cause, ...] = ()  # with the last lines of their logs
    stale: tuple[dict, ...] = ()
    misled: tuple[dict, ...] = ()

    @property
    def replicas(self) -> int:
        """How many pods it shall have."""
        return (self.obj or {}).get("spec", {}).get("replicas", 1)


@dataclass(frozen=True)
class Found:
    """Everything that is decided by. ``parts``: by the component's name; ``release``: objects of the release's manifest by (kind, name)."""

    namespace: str
    now: datetime
    parts: dict[str, Part]
    bundle: Bundle
    written: datetime | None  # when somebody changed the trust bundle last
    webhook: dict | None
    endpoints: int  # ready addresses behind the injector's Service
    sidecars: int = 0  # pods that ask for a sidecar and have one
    ailments: tuple[Ailment, ...] = ()
    pods: tuple[dict, ...] = ()  # all that ask for a sidecar
    workloads: tuple[tuple[str, dict], ...] = ()  # (kind, object) of the applications' namespaces
    release: dict[tuple[str, str], dict] = field(default_factory=dict)
    missing: tuple[dict, ...] = ()  # objects of the release that do not exist
    bare_nodes: tuple[str, ...] = ()  # nodes that are not ready
    missing_components: tuple[tuple[str, str], ...] = ()  # (namespace, name) of Dapr components that were asked for
    secret: dict | None = field(default=None, repr=False)
