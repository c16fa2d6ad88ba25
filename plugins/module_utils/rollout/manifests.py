# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What manifests become before they are applied: checked, with final image references, in an order that works. Pure."""

from __future__ import annotations

import copy

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

FIRST = ("Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass")
LAST = ("DaemonSet", "Deployment", "StatefulSet", "ReplicaSet", "Job", "CronJob", "Pod")
CLUSTER_SCOPED = (
    *FIRST, "APIService", "ClusterRole", "ClusterRoleBinding", "IngressClass", "MutatingWebhookConfiguration", "Node", "PersistentVolume",
    "RuntimeClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
)  # fmt: skip


def checked(documents: dict[str, list], namespace: str) -> list[dict]:
    """The objects of all files in the order in which they are applied; one without a namespace gets ``namespace``.

    ``documents``: file name to what stands in it. Raises RunbookError naming file and document for what can't be applied.
    """
    objects, places = [], {}
    for file, found in documents.items():
        for place, obj in _flat(file, found):
            _check(place, obj)
            obj = _in_namespace(obj, namespace)
            identity = (obj["apiVersion"].rpartition("/")[0], obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"])
            if identity in places:
                named = f"{obj['kind']} {obj['metadata']['name']}"
                raise RunbookError(f"{place}: {named} stands in {places[identity]} already. Keep one of them.")
            places[identity] = place
            objects.append(obj)
    return sorted(objects, key=_rank)


def with_images(objects: list[dict], images: dict[str, str]) -> list[dict]:
    """Copies of the objects whose ``image:`` values equal to a key of ``images`` are replaced by its reference."""
    replaced = copy.deepcopy(objects)
    for obj in replaced:
        for container in _containers(obj):
            container["image"] = images.get(container.get("image"), container.get("image"))
    return replaced


def _containers(obj: dict) -> list[dict]:
    """The init and ordinary containers of a Pod, or of whatever holds a pod template."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if obj.get("kind") != "Pod":
        spec = (spec.get("template") or {}).get("spec") or {} if isinstance(spec.get("template"), dict) else {}
    return [item for group in ("initContainers", "containers") for item in spec.get(group) or [] if "image" in item]


def _flat(file: str, found: list) -> list[tuple[str, dict]]:
    """The objects of a file with their places, a List taken apart, empty documents left out."""
    flat = []
    for index, document in enumerate(found, start=1):
        place = f"{file}, document {index}"
        if isinstance(document, dict) and document.get("kind") == "List":
            flat += [(f"{place}, item {number}", item) for number, item in enumerate(document.get("items") or [], start=1)]
        elif document is not None:
            flat.append((place, document))
    return flat


def _check(place: str, obj) -> None:
    if not isinstance(obj, dict):
        raise RunbookError(f"{place}: this is no Kubernetes object but {type(obj).__name__}.")
    for key in ("apiVersion", "kind"):
        if not isinstance(obj.get(key), str):
            raise RunbookError(f"{place}: {key} is missing.")
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise RunbookError(f"{place}: {obj['kind']} has no metadata.name.")
    if obj["kind"] == "Secret" and obj["apiVersion"] == "v1":
        raise RunbookError(
            f"{place}: Secret {metadata['name']} stands in a manifest, where its values would be shown in results and diffs. "
            "Describe it under runbook_app.secrets instead."
        )


def _in_namespace(obj: dict, namespace: str) -> dict:
    if obj["kind"] == "Namespace":
        return _owned_namespace(obj)
    if obj["kind"] in CLUSTER_SCOPED:
        return obj
    return {**obj, "metadata": {"namespace": namespace, **obj["metadata"]}}


def _owned_namespace(obj: dict) -> dict:
    """A Namespace with the label that every one has: one that owns no field at all would change again at the second apply."""
    labels = {"kubernetes.io/metadata.name": obj["metadata"]["name"], **(obj["metadata"].get("labels") or {})}
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}}


def _rank(obj: dict) -> int:
    return 0 if obj["kind"] in FIRST else 2 if obj["kind"] in LAST else 1
