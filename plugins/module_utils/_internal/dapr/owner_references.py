# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller of a pod: what recreates it when it is deleted. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..clients.cluster.pods import controller_of
from ..workloads.model import WORKLOAD_KINDS


@dataclass(frozen=True)
class Owner:
    """The controller of a pod, in a namespace. ``kind`` is "" for a bare pod."""

    kind: str
    name: str
    namespace: str

    @property
    def supports_restart(self) -> bool:
        """Whether it replaces its pods when its pod template changes."""
        return self.kind in WORKLOAD_KINDS

    @property
    def recreates_pods(self) -> bool:
        """Whether it recreates a deleted pod without any loss. A Job would count a failure; other kinds are unknown."""
        return self.supports_restart or self.kind == "ReplicaSet"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.kind else "no controller"


def owner_of(pod: dict) -> Owner:
    """The owner; for a pod of a Deployment the Deployment, not its ReplicaSet."""
    return Owner(*controller_of(pod), pod["metadata"]["namespace"])
