# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads objects for the recovery. A refusal names the permission, and what it is needed for."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

LIST_PURPOSES = {
    "EndpointSlice": "to see whether the injector can be reached",
    "Component": "to see whether the components exist",
    "Pod": "to find the pods that ask for a sidecar",
}
OTHER_PURPOSE = "to find the applications that ask for Dapr"


def get(cluster: Cluster, kind: str, name: str, namespace: str | None, purpose: str) -> dict | None:
    """One object, None where it does not exist."""
    try:
        return cluster.get(kind, name, namespace)
    except ApiError as error:
        raise _refused(error, f"get {kind} {name}", namespace, purpose) from error


def list_all(cluster: Cluster, kind: str, namespaces: tuple[str, ...], selector: str | None = None) -> list[dict]:
    """All objects of a kind in some namespaces; none named is all of them."""
    options = {"label_selector": selector} if selector else {}
    try:
        return [obj for namespace in namespaces or (None,) for obj in cluster.list(kind, namespace, **options)]
    except ApiError as error:
        raise _refused(error, f"list {kind} objects", ", ".join(namespaces), LIST_PURPOSES.get(kind, OTHER_PURPOSE)) from error


def _refused(error: ApiError, what: str, namespace: str | None, purpose: str) -> Exception:
    if error.status != 403:
        return error
    where = f"in namespace {namespace}" if namespace else "in the whole cluster"
    return RunbookError(f"Not allowed to {what} {where}, which is needed {purpose}. Grant it (docs/rights/dapr_recovery.yml).")
