# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the API server, by dry runs in parallel, what an apply would do to each object. Nothing is stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ..clients.cluster.body import apply_body
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..errors import RunbookError
from .compare import DryRun
from .options import ManifestsOptions

NOT_FOUND = 404


def observe(cluster: Cluster, options: ManifestsOptions) -> list[DryRun]:
    """A dry run of each object, in their order. Raises RunbookError for an invalid object, or where the API server can't be reached."""
    require_objects(options.objects)
    with ThreadPoolExecutor(max_workers=max(1, options.parallel)) as pool:
        return list(pool.map(lambda obj: dry_run(cluster, obj, options.field_manager, options.force_conflicts), options.objects))


def dry_run(cluster: Cluster, obj: dict, field_manager: str, force: bool, **options) -> DryRun:
    """What an apply would do to one object. Raises Unreachable where the API server does not answer."""
    try:
        before = cluster.get_object(obj)
        return DryRun(obj, before, cluster.apply_object(obj, field_manager=field_manager, force=force, dry_run=True, **options))
    except ApiError as error:
        namespace = _missing_namespace(obj, error)
        return DryRun(obj, None, obj, missing_namespace=namespace) if namespace else DryRun(obj, None, None, error.api_message, reason=error.reason)


def require_objects(objects: list) -> None:
    """Raises RunbookError for the first invalid object, or one that can't be sent to the API server."""
    for index, obj in enumerate(objects):
        _require_object(index, obj)
        apply_body(obj)


def _missing_namespace(obj: dict, error: ApiError) -> str:
    """The object's namespace, if that is what could not be found."""
    namespace = obj["metadata"].get("namespace") or ""
    return namespace if error.status == NOT_FOUND and f'namespaces "{namespace}" not found' in str(error) else ""


def _require_object(index: int, obj) -> None:
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    texts = [obj.get("apiVersion"), obj.get("kind"), metadata.get("name")] if isinstance(metadata, dict) else [None]
    if not all(isinstance(text, str) and text for text in texts):
        raise RunbookError(f"objects[{index}] is not a Kubernetes object: it needs apiVersion, kind and metadata.name.")
