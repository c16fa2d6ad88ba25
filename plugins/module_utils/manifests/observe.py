# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the API server what an apply would do to each object, several at a time, without storing anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.body import apply_body
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.compare import Trial

NOT_FOUND = 404


def observe(cluster: Cluster, objects: list[dict], field_manager: str, force: bool, parallel: int) -> list[Trial]:
    """A trial for each object, in their order. Raises RunbookError for what is no object, or where the API server can't be reached."""
    require_objects(objects)
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        return list(pool.map(lambda obj: tried(cluster, obj, field_manager, force), objects))


def tried(cluster: Cluster, obj: dict, field_manager: str, force: bool, **options) -> Trial:
    """What an apply would do to one object. Raises Unreachable where the API server does not answer."""
    try:
        before = cluster.get_object(obj)
        return Trial(obj, before, cluster.apply_object(obj, field_manager=field_manager, force=force, dry_run=True, **options))
    except ApiError as error:
        lacks = _missing_namespace(obj, error)
        return Trial(obj, None, obj, lacks=lacks) if lacks else Trial(obj, None, None, error.said, reason=error.reason)


def require_objects(objects: list) -> None:
    """Raises RunbookError for the first that is no object, or can't be sent to the API server."""
    for index, obj in enumerate(objects):
        _check(index, obj)
        apply_body(obj)


def _missing_namespace(obj: dict, error: ApiError) -> str:
    """The object's namespace, if that is what could not be found."""
    namespace = obj["metadata"].get("namespace") or ""
    return namespace if error.status == NOT_FOUND and f'namespaces "{namespace}" not found' in str(error) else ""


def _check(index: int, obj) -> None:
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    texts = [obj.get("apiVersion"), obj.get("kind"), metadata.get("name")] if isinstance(metadata, dict) else [None]
    if not all(isinstance(text, str) and text for text in texts):
        raise RunbookError(f"objects[{index}] is no Kubernetes object: it needs apiVersion, kind and metadata.name.")
