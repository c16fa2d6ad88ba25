# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets as the cluster stores them, and whether they may be written: by what they are, and by this user's permissions."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

from .access import not_allowed
from .client import Cluster

FIELD_MANAGER = "runbook-secrets"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "runbook.minikube"
# Labels and annotations of those who would write a Secret back.
OTHER_MANAGERS = {
    "meta.helm.sh/release-name": "Helm",
    "reconcile.external-secrets.io/managed": "External Secrets",
    "argocd.argoproj.io/instance": "Argo CD",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "cert-manager.io/certificate-name": "cert-manager",
}


@dataclass(frozen=True)
class StoredSecret:
    """A Secret as the cluster has it. ``values`` are decoded and never printed."""

    version: str
    values: dict[str, bytes] = field(repr=False)
    immutable: bool = False
    deleting: bool = False
    managed_by: str | None = None
    owner: str | None = None


def stored_secret(secret: dict) -> StoredSecret:
    """A Secret as the API sends it."""
    metadata = secret["metadata"]
    owner = next(iter(metadata.get("ownerReferences") or []), None)
    return StoredSecret(
        version=metadata["resourceVersion"],
        values={key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()},
        immutable=bool(secret.get("immutable")),
        deleting="deletionTimestamp" in metadata,
        managed_by=_manager_of(metadata),
        owner=f"{owner['kind']} {owner['name']}" if owner else None,
    )


def write_obstacle(secret: StoredSecret) -> str | None:
    """Why a Secret must not be written, and what to do instead, as half a sentence; None where it may."""
    if secret.deleting:
        return "it is being deleted: wait until it is gone and run again"
    if secret.immutable:
        return "it is immutable: delete it, or create the one that the workloads read under another name"
    if secret.owner:
        return f"it belongs to {secret.owner}, which would write it back: change it there"
    if secret.managed_by not in (None, "", MANAGER):
        return f"it is managed by {secret.managed_by}, which would write it back: change it there"
    return None


def require_write_permissions(cluster: Cluster, namespace: str, create: bool, patch: Iterable[str]) -> None:
    """Raises RunbookError naming the permissions that this user lacks to create Secrets, or to patch those of the given names."""
    missing = []
    if create and not cluster.can("create", "Secret", namespace):
        missing.append("create secrets")
    patched = sorted(patch)
    if patched and not cluster.can("patch", "Secret", namespace):
        missing += [f"patch secrets/{name}" for name in patched if not cluster.can("patch", "Secret", namespace, name=name)]
    if missing:
        raise not_allowed(" and ".join(missing), namespace, missing=missing)


def _manager_of(metadata: dict) -> str | None:
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    marked = next((manager for mark, manager in OTHER_MANAGERS.items() if mark in labels or mark in annotations), None)
    return marked or labels.get(MANAGED_BY)
