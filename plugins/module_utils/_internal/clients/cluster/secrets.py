# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets as the cluster stores them, and whether they may be written: by what they are, and by this user's permissions."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .access import not_allowed
from .client import Cluster

FIELD_MANAGER = "runbook-secrets"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "runbook.minikube"
FORMER_VALUES = "runbook.minikube/former-values"  # label of a Secret with former values of another one (former.py)
ROTATION = "runbook.minikube/rotation"  # annotation of a Secret while a rotation of one of its values is in progress
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
DATA_FIELDS = ("f:data", "f:stringData")  # of managedFields
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # of kubectl apply, and of kubernetes.core.k8s with apply: true


@dataclass(frozen=True)
class StoredSecret:
    """A Secret as the cluster has it. ``former_values``: whether it keeps those of another Secret. ``rotating``: whether one of its values is rotated.

    ``values`` are decoded. They and ``metadata``, which may have the manifest that was applied, are never printed.
    """

    version: str
    values: dict[str, bytes] = field(repr=False)
    immutable: bool = False
    deleting: bool = False
    managed_by: str | None = None
    owner: str | None = None
    former_values: bool = False
    rotating: bool = False
    metadata: dict = field(default_factory=dict, repr=False)


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
        former_values=FORMER_VALUES in (metadata.get("labels") or {}),
        rotating=ROTATION in (metadata.get("annotations") or {}),
        metadata=metadata,
    )


def write_obstacle(secret: StoredSecret, former_values: bool = False) -> str | None:
    """Why a Secret must not be written, and what to do instead, as half a sentence; None where it may.

    ``former_values``: whether former values are added to it, which no Secret has among other ones.
    """
    if secret.former_values and not former_values:
        return "it has former values, which are never overwritten: name another Secret"
    if former_values and not secret.former_values:
        return f"a Secret of that name exists that is for something else (it has no label {FORMER_VALUES}): rename or delete that one"
    if secret.deleting:
        return "it is being deleted: wait until it is gone and run again"
    if secret.immutable:
        return "it is immutable: delete it, or create the one that the workloads read under another name"
    if secret.owner:
        return f"it belongs to {secret.owner}, which would write it back: change it there"
    if secret.managed_by not in (None, "", MANAGER):
        return f"it is managed by {secret.managed_by}, which would write it back: change it there"
    return None


def reverting_manager(secret: StoredSecret, key: str, value: bytes) -> str:
    """Who has applied a manifest with another value for a key, and would write that back at the next apply; "" where nobody has. Pure."""
    applied = _last_applied(secret.metadata, key)
    if applied not in (None, value):
        return "kubectl apply"
    entries = [entry for entry in secret.metadata.get("managedFields") or [] if entry.get("operation") == "Apply"]
    parts = ((entry, (entry.get("fieldsV1") or {}).get(part) or {}) for entry in entries for part in DATA_FIELDS)
    return next((entry.get("manager") or "another client" for entry, fields in parts if f"f:{key}" in fields), "") if applied is None else ""


def written_since(secret: StoredSecret, key: str, time: str) -> bool:
    """Whether a key was written at that time (RFC 3339, whole seconds) or later; False where that is not recorded. Pure."""
    entries = [(entry.get("time"), entry.get("fieldsV1") or {}) for entry in secret.metadata.get("managedFields") or []]
    times = [at for at, fields in entries if at and any(f"f:{key}" in (fields.get(part) or {}) for part in DATA_FIELDS)]
    return bool(time and times) and max(map(datetime.fromisoformat, times)) >= datetime.fromisoformat(time)


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


def _last_applied(metadata: dict, key: str) -> bytes | None:
    """The value of a key in the manifest that was applied last, None where it has none. stringData takes precedence, as in the API server."""
    try:
        manifest = json.loads((metadata.get("annotations") or {}).get(LAST_APPLIED) or "{}")
        text = (manifest.get("stringData") or {}).get(key)
        encoded = (manifest.get("data") or {}).get(key)
        return text.encode() if text is not None else base64.b64decode(encoded, validate=True) if encoded is not None else None
    except (AttributeError, TypeError, ValueError, binascii.Error):  # somebody else wrote the annotation
        return None


def _manager_of(metadata: dict) -> str | None:
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    marked = next((manager for mark, manager in OTHER_MANAGERS.items() if mark in labels or mark in annotations), None)
    return marked or labels.get(MANAGED_BY)
