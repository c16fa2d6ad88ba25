# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuses what a manifest can't hold, naming the file, the document and the fix. Pure."""

from __future__ import annotations

from ..errors import RunbookError

# Written by the API server; `kubectl get -o yaml` prints them. An apply with one of them is refused, or tied to one state of the object.
SERVER_FIELDS = ("resourceVersion", "managedFields", "uid")
NO_MANIFEST = "Remove the file from the folders and files of runbook_app.manifests, or correct it."


def require_object(place: str, obj) -> None:
    """Raises RunbookError unless ``obj`` is an object that a server-side apply takes."""
    if not isinstance(obj, dict):
        raise RunbookError(f"{place}: expected a Kubernetes object, got {type(obj).__name__}. {NO_MANIFEST}")
    missing = [key for key in ("apiVersion", "kind") if not isinstance(obj.get(key), str)]
    if missing:
        raise RunbookError(f"{place}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: it is no Kubernetes object. {NO_MANIFEST}")
    if obj["apiVersion"].startswith("kustomize.config.k8s.io/"):
        raise RunbookError(f"{place}: {obj['kind']} is a file of kustomize, not an object. Name the output of `kubectl kustomize` instead.")
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise RunbookError(_unnamed(place, obj["kind"], metadata))
    _require_own_fields(place, obj)
    if obj["kind"] == "Secret" and obj["apiVersion"] == "v1":
        raise RunbookError(
            f"{place}: Secret {metadata['name']} must not be in a manifest, as its values would be shown in results and diffs. "
            "Describe it under runbook_app.secrets instead."
        )


def _unnamed(place: str, kind: str, metadata) -> str:
    if isinstance(metadata, dict) and metadata.get("generateName"):
        return f"{place}: {kind} has metadata.generateName, with which each run would create another object. Set metadata.name instead."
    return f"{place}: {kind} has no metadata.name."


def _require_own_fields(place: str, obj: dict) -> None:
    fields = [f"metadata.{name}" for name in SERVER_FIELDS if name in obj["metadata"]]
    if fields:
        raise RunbookError(
            f"{place}: {obj['kind']} {obj['metadata']['name']} has {', '.join(fields)}, which the API server writes. Remove the lines from the manifest."
        )
