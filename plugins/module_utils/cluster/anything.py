# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of any kind, custom ones too: the API server is asked where their kinds are found, once for each API version."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

SERVER_SIDE_APPLY = "application/apply-patch+yaml"  # JSON is YAML


def paths_of(cluster: Cluster, objects: list[dict]) -> list[str]:
    """The REST path of each object. Raises RunbookError for a kind that the API server does not know."""
    versions = {version: _resources(cluster, version) for version in sorted({obj["apiVersion"] for obj in objects})}
    return [_path_of(obj, versions[obj["apiVersion"]]) for obj in objects]


def read(cluster: Cluster, path: str) -> dict | None:
    """The object at a path, None where it is not there."""
    try:
        return cluster.call("GET", path)
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def dry_run_apply(cluster: Cluster, path: str, obj: dict, manager: str, force: bool) -> dict:
    """The object as a server-side apply under this field manager would leave it. Nothing is stored."""
    query = [("fieldManager", manager), ("force", str(force).lower()), ("dryRun", "All")]
    return cluster.call("PATCH", path, body=obj, content_type=SERVER_SIDE_APPLY, query_params=query)


def _resources(cluster: Cluster, version: str) -> dict[str, tuple[str, bool]]:
    """Kind: (plural, whether its objects lie in a namespace) of an API version; none where there is no such version."""
    try:
        found = cluster.call("GET", _base(version))["resources"]
    except ApiError as error:
        if error.status == 404:
            return {}
        raise
    return {item["kind"]: (item["name"], item["namespaced"]) for item in found if "/" not in item["name"]}


def _base(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _path_of(obj: dict, resources: dict[str, tuple[str, bool]]) -> str:
    if obj["kind"] not in resources:
        raise RunbookError(f"The cluster knows no {obj['kind']} of {obj['apiVersion']}. Is what defines it installed?")
    plural, namespaced = resources[obj["kind"]]
    place = f"/namespaces/{obj['metadata']['namespace']}" if namespaced else ""
    return f"{_base(obj['apiVersion'])}{place}/{plural}/{obj['metadata']['name']}"
