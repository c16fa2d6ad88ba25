# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the Secrets of an application: in one list, or one by one where only that is allowed."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

MANAGED_BY = "app.kubernetes.io/managed-by"
# Labels and annotations that say who else writes a Secret, and would write it back.
MARKS = {
    "meta.helm.sh/release-name": "Helm",
    "reconcile.external-secrets.io/managed": "External Secrets",
    "argocd.argoproj.io/instance": "Argo CD",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "cert-manager.io/certificate-name": "cert-manager",
}


@dataclass(frozen=True)
class Stored:
    """A Secret as the cluster has it. ``values`` are decoded and never printed."""

    version: str
    values: dict[str, bytes] = field(repr=False)
    immutable: bool = False
    deleting: bool = False
    managed_by: str | None = None
    owner: str | None = None


def observe(cluster: Cluster, namespace: str, names: set[str]) -> dict[str, Stored]:
    """The named Secrets that exist, by name."""
    try:
        found = cluster.list("Secret", namespace)
    except ApiError as error:
        if error.status != 403:
            raise
        found = [_one(cluster, namespace, name) for name in sorted(names)]
    return {secret["metadata"]["name"]: stored_of(secret) for secret in found if secret and secret["metadata"]["name"] in names}


def stored_of(secret: dict) -> Stored:
    """What matters of a Secret as the API sends it."""
    metadata = secret["metadata"]
    owner = next(iter(metadata.get("ownerReferences") or []), None)
    return Stored(
        version=metadata["resourceVersion"],
        values={key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()},
        immutable=bool(secret.get("immutable")),
        deleting="deletionTimestamp" in metadata,
        managed_by=_manager_of(metadata),
        owner=f"{owner['kind']} {owner['name']}" if owner else None,
    )


def _manager_of(metadata: dict) -> str | None:
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    marked = next((manager for mark, manager in MARKS.items() if mark in labels or mark in annotations), None)
    return marked or labels.get(MANAGED_BY)


def _one(cluster: Cluster, namespace: str, name: str) -> dict | None:
    try:
        return cluster.get("Secret", name, namespace)
    except ApiError as error:
        if error.status != 403:
            raise
        raise RunbookError(
            f"The Secret {name} in namespace {namespace} can't be read: {error}. "
            "Allow this user the verbs get, create and patch (or list) on secrets there."
        ) from error
