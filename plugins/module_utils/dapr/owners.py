# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose pod a pod is: what makes it anew when it is gone. Pure."""

from __future__ import annotations

from dataclasses import dataclass

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


def owner_of(pod: dict, replica_sets: list[dict]) -> Owner:
    """The owner; for a pod of a Deployment that, and not its ReplicaSet. ``replica_sets``: metadata of the namespace's."""
    metadata = pod["metadata"]
    kind, name = _controller(metadata)
    if kind == "ReplicaSet":
        kept = next((item for item in replica_sets if item["name"] == name and item["namespace"] == metadata["namespace"]), {})
        above = _controller(kept)
        kind, name = above if above[0] == "Deployment" else (kind, name)
    return Owner(kind, name, metadata["namespace"])


def _controller(metadata: dict) -> tuple[str, str]:
    return next(((owner["kind"], owner["name"]) for owner in metadata.get("ownerReferences") or [] if owner.get("controller")), ("", ""))
