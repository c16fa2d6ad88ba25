# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sends a dry run of the apply of each object, several in parallel. Nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..clients.cluster.body import apply_body
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..errors import RunbookError
from .compare import DELETING, DryRun, assume_created, object_name
from .messages import deleting_message, shortened
from .options import ManifestsOptions

NOT_FOUND = 404
DEFINITION = "CustomResourceDefinition"


def observe(cluster: Cluster, options: ManifestsOptions, warn: Callable[[str], None] | None = None) -> list[DryRun]:
    """A dry run of each object, in their order; ``warn`` gets the API server's warnings.

    Raises RunbookError for an invalid object, or if the API server cannot be reached.
    """
    require_objects(options.objects)
    with ThreadPoolExecutor(max_workers=max(1, options.parallel)) as pool:
        return assume_created(list(pool.map(lambda obj: _dry_run(cluster, obj, options, warn), options.objects)))


def _dry_run(cluster: Cluster, obj: dict, options: ManifestsOptions, warn: Callable[[str], None] | None) -> DryRun:
    try:
        before = cluster.get_object(obj)
        if before and before["metadata"].get("deletionTimestamp"):
            return DryRun(obj, before, None, deleting_message(before), reason=DELETING)
        return DryRun(obj, before, apply_object(cluster, obj, options, warn, dry_run=True))
    except ApiError as error:
        namespace, kind = _missing_namespace(obj, error), _missing_kind(obj, error, options.objects)
        if namespace or kind:
            return DryRun(obj, None, obj, missing_namespace=namespace, missing_kind=kind)
        return DryRun(obj, None, None, shortened(error.api_message), reason=error.reason)


def apply_object(cluster: Cluster, obj: dict, options: ManifestsOptions, warn: Callable[[str], None] | None, dry_run: bool = False) -> dict:
    """The object as stored, or with ``dry_run`` as it would be. The API server's warnings are given with the object's name."""
    named = (lambda text: warn(f"{object_name(obj)}: {text}")) if warn else None
    return cluster.apply_object(obj, field_manager=options.field_manager, force=options.force_conflicts, dry_run=dry_run, warn=named)


def require_objects(objects: list) -> None:
    """Raises RunbookError for the first invalid object, or one that cannot be sent to the API server."""
    for index, obj in enumerate(objects):
        _require_object(index, obj)
        apply_body(obj)


def _missing_namespace(obj: dict, error: ApiError) -> str:
    """The object's namespace, if that is what could not be found."""
    namespace = obj["metadata"].get("namespace") or ""
    return namespace if error.status == NOT_FOUND and f'namespaces "{namespace}" not found' in str(error) else ""


def _missing_kind(obj: dict, error: ApiError, objects: list[dict]) -> str:
    """The object's kind, if the API server does not know it and one of the objects defines it."""
    group, kind = obj["apiVersion"].rpartition("/")[0], obj["kind"]
    return kind if error.status == NOT_FOUND and any(defines(other, group, kind) for other in objects) else ""


def defines(obj: dict, group: str, kind: str) -> bool:
    """Whether an object is the custom resource definition of a kind."""
    spec = obj.get("spec")
    if obj["kind"] != DEFINITION or not isinstance(spec, dict) or not isinstance(spec.get("names"), dict):
        return False
    return spec.get("group") == group and spec["names"].get("kind") == kind


def _require_object(index: int, obj) -> None:
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    texts = [obj.get("apiVersion"), obj.get("kind"), metadata.get("name")] if isinstance(metadata, dict) else [None]
    if not all(isinstance(text, str) and text for text in texts):
        raise RunbookError(f"objects[{index}] is not a Kubernetes object: it needs apiVersion, kind and metadata.name.")
