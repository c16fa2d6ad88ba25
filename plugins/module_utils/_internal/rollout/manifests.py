# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prepares manifests for the apply: validated, with final image references, in a working order. Pure."""

from __future__ import annotations

import copy

from ..errors import RunbookError

FIRST = ("Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass")
LAST = ("DaemonSet", "Deployment", "StatefulSet", "ReplicaSet", "Job", "CronJob", "Pod")
CLUSTER_SCOPED = (
    *FIRST, "APIService", "ClusterRole", "ClusterRoleBinding", "IngressClass", "MutatingWebhookConfiguration", "Node", "PersistentVolume",
    "RuntimeClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
)  # fmt: skip


def validated(documents: dict[str, list], namespace: str) -> list[dict]:
    """The objects of all files in the order in which they are applied; one without a namespace gets ``namespace``.

    ``documents``: file name to its documents. Raises RunbookError naming file and document for what cannot be applied.
    """
    objects: list[dict] = []
    places: dict[tuple, str] = {}
    for file, contents in documents.items():
        for place, obj in _flat(file, contents):
            _validate(place, obj)
            obj = _in_namespace(obj, namespace)
            identity = (obj["apiVersion"].rpartition("/")[0], obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"])
            if identity in places:
                named = f"{obj['kind']} {obj['metadata']['name']}"
                raise RunbookError(f"{place}: {named} is a duplicate of {places[identity]}. Keep one of them.")
            places[identity] = place
            objects.append(obj)
    return sorted(objects, key=_rank)


def with_images(objects: list[dict], images: dict[str, str]) -> list[dict]:
    """Copies of the objects whose ``image:`` values equal to a key of ``images`` are replaced by its reference."""
    replaced = copy.deepcopy(objects)
    for obj in replaced:
        for container in _containers(obj):
            container["image"] = images.get(container["image"], container["image"])
    return replaced


def _containers(obj: dict) -> list[dict]:
    """The init and ordinary containers of a Pod, or of an object with a pod template."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if obj.get("kind") != "Pod":
        spec = (spec.get("template") or {}).get("spec") or {} if isinstance(spec.get("template"), dict) else {}
    return [item for group in ("initContainers", "containers") for item in spec.get(group) or [] if "image" in item]


def _flat(file: str, documents: list) -> list[tuple[str, dict]]:
    """The objects of a file with their places; a List is expanded, empty documents are skipped."""
    flat = []
    for index, document in enumerate(documents, start=1):
        place = f"{file}, document {index}"
        if isinstance(document, dict) and document.get("kind") == "List":
            flat += [(f"{place}, item {number}", item) for number, item in enumerate(document.get("items") or [], start=1)]
        elif document is not None:
            flat.append((place, document))
    return flat


def _validate(place: str, obj) -> None:
    if not isinstance(obj, dict):
        raise RunbookError(f"{place}: expected a Kubernetes object, got {type(obj).__name__}.")
    for key in ("apiVersion", "kind"):
        if not isinstance(obj.get(key), str):
            raise RunbookError(f"{place}: {key} is missing.")
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise RunbookError(f"{place}: {obj['kind']} has no metadata.name.")
    if obj["kind"] == "Secret" and obj["apiVersion"] == "v1":
        raise RunbookError(
            f"{place}: Secret {metadata['name']} must not be in a manifest, as its values would be shown in results and diffs. "
            "Describe it under runbook_app.secrets instead."
        )


def _in_namespace(obj: dict, namespace: str) -> dict:
    if obj["kind"] == "Namespace":
        return _owned_namespace(obj)
    if obj["kind"] in CLUSTER_SCOPED:
        return obj
    return {**obj, "metadata": {"namespace": namespace, **obj["metadata"]}}


def _owned_namespace(obj: dict) -> dict:
    """A Namespace with the label that each one has: an apply that owns no field at all would change it a second time."""
    labels = {"kubernetes.io/metadata.name": obj["metadata"]["name"], **(obj["metadata"].get("labels") or {})}
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}}


def _rank(obj: dict) -> int:
    return 0 if obj["kind"] in FIRST else 2 if obj["kind"] in LAST else 1
