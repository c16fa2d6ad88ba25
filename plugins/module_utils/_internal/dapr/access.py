# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads objects for the recovery. A missing permission is reported with its purpose."""

from __future__ import annotations

from ..clients.cluster.access import needs
from ..clients.cluster.client import Cluster

GRANT = "Grant it (docs/rights/dapr_recovery.yml)."
LIST_PURPOSES = {
    "EndpointSlice": "to check whether the injector can be reached",
    "Component": "to check whether the components exist",
    "Pod": "to find the pods that are annotated for a sidecar",
}
OTHER_PURPOSE = "to find the applications with Dapr"


def get(cluster: Cluster, kind: str, name: str, namespace: str | None, purpose: str) -> dict | None:
    """One object, None if it does not exist."""
    with needs(f"get {kind} {name}", namespace, purpose, GRANT):
        return cluster.get(kind, name, namespace)


def list_all(cluster: Cluster, kind: str, namespaces: tuple[str, ...], selector: str | None = None) -> list[dict]:
    """All objects of a kind in some namespaces, in all if none is named."""
    options = {"label_selector": selector} if selector else {}
    what = f"list {kind} objects" if namespaces else f"list {kind} objects in the whole cluster"
    with needs(what, ", ".join(namespaces), LIST_PURPOSES.get(kind, OTHER_PURPOSE), GRANT):
        return [obj for namespace in namespaces or (None,) for obj in cluster.list(kind, namespace, **options)]
