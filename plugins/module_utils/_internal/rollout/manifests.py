# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prepares manifests for the apply: validated, with final image references, in a working order. Pure."""

from __future__ import annotations

import re

from ..errors import RunbookError
from .manifest_checks import require_object

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
            require_object(place, obj)
            obj = _in_namespace(obj, namespace)
            identity = (obj["apiVersion"].rpartition("/")[0], obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"])
            if identity in places:
                named = f"{obj['kind']} {obj['metadata']['name']}"
                raise RunbookError(f"{place}: {named} is a duplicate of {places[identity]}. Keep one of them.")
            places[identity] = place
            objects.append(obj)
    return sorted(objects, key=_rank)


def with_images(objects: list[dict], images: dict[str, str]) -> list[dict]:
    """Copies of the objects whose ``image:`` values equal to a key of ``images`` are replaced by its reference.

    Raises RunbookError for an image that is a key of ``images`` with a tag or a digest: it names an image that nothing builds.
    """
    replaced = [_copy(obj) for obj in objects]
    for obj in replaced:
        for container in _containers(obj):
            _require_built(obj, container["image"], images)
            container["image"] = images.get(container["image"], container["image"])
    return replaced


def _copy(data):
    """A copy of JSON data. ``copy.deepcopy`` would also copy what Ansible attaches to each string, which takes a second for a few manifests."""
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list) else data


def _containers(obj: dict) -> list[dict]:
    """The init and ordinary containers of a Pod, or of an object with a pod template. Custom resources may have other shapes."""
    spec = _mapping(obj.get("spec"))
    if obj.get("kind") == "CronJob":
        spec = _mapping(_mapping(spec.get("jobTemplate")).get("spec"))
    if obj.get("kind") != "Pod":
        spec = _mapping(_mapping(spec.get("template")).get("spec"))
    groups = [spec.get(group) for group in ("initContainers", "containers")]
    items = [item for group in groups if isinstance(group, list) for item in group]
    return [item for item in items if isinstance(item, dict) and isinstance(item.get("image"), str)]


def _mapping(value) -> dict:
    return value if isinstance(value, dict) else {}


def _require_built(obj: dict, image: str, images: dict[str, str]) -> None:
    name = re.split("[:@]", image, maxsplit=1)[0]
    if image != name and name in images and image != images[name]:
        raise RunbookError(
            f"{obj['kind']} {obj['metadata']['name']}: the image {image} is built under no such tag. Write image: {name}, which is replaced by "
            f"the reference of the built image, or rename the image {name} in runbook_app.images."
        )


def _flat(file: str, documents: list) -> list[tuple[str, dict]]:
    """The objects of a file with their places; lists are expanded, empty documents are skipped."""
    flat = []
    for index, document in enumerate(documents, start=1):
        place = f"{file}, document {index}"
        if _is_list(document):
            flat += [(f"{place}, item {number}", _item(document, item)) for number, item in enumerate(document.get("items") or [], start=1)]
        elif document is not None:
            flat.append((place, document))
    return flat


def _is_list(document) -> bool:
    """Whether it is a List, or a typed one like ConfigMapList."""
    kind = document.get("kind") if isinstance(document, dict) else None
    return kind == "List" or isinstance(kind, str) and kind.endswith("List") and isinstance(document.get("items"), list)


def _item(document: dict, item):
    """A member of a list; in a typed one it need not name its kind."""
    if document["kind"] == "List" or not isinstance(item, dict):
        return item
    return {"apiVersion": document.get("apiVersion"), "kind": document["kind"].removesuffix("List"), **item}


def _in_namespace(obj: dict, namespace: str) -> dict:
    if obj["kind"] == "Namespace":
        return _owned_namespace(obj)
    if obj["kind"] in CLUSTER_SCOPED:
        return obj
    return {**obj, "metadata": {"namespace": namespace, **obj["metadata"]}}


def _owned_namespace(obj: dict) -> dict:
    """A Namespace with the label that each one has: an apply that owns no field would change it again in a second run."""
    labels = {"kubernetes.io/metadata.name": obj["metadata"]["name"], **(obj["metadata"].get("labels") or {})}
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}}


def _rank(obj: dict) -> int:
    return 0 if obj["kind"] in FIRST else 2 if obj["kind"] in LAST else 1
