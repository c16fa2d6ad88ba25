# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose pod a pod is: what makes it anew when it is gone. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import controller_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import WORKLOAD_KINDS


@dataclass(frozen=True)
class Owner:
    """The controller of a pod, in a namespace. ``kind`` is "" where it has none."""

    kind: str
    name: str
    namespace: str

    @property
    def rolls(self) -> bool:
        """Whether it replaces its pods when its pod template changes."""
        return self.kind in WORKLOAD_KINDS

    @property
    def remakes(self) -> bool:
        """Whether it makes a deleted pod anew, with nothing lost. A Job would count a failure; others are not known."""
        return self.rolls or self.kind == "ReplicaSet"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.kind else "no controller"


def owner_of(pod: dict) -> Owner:
    """The owner; for a pod of a Deployment that, and not its ReplicaSet."""
    return Owner(*controller_of(pod), pod["metadata"]["namespace"])
