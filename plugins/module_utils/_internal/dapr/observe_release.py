# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes what matters only if the control plane has a problem: the release, its missing objects, and the nodes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.pods import condition
from .helm_release import deployed_release, manifest_objects
from .model import DaprState
from .trust_bundle import bundle_problems


def with_release(cluster: Cluster, state: DaprState, name: str) -> DaprState:
    """The state, with the objects of the release and the nodes that are not ready if the control plane has a problem."""
    if not _has_problem(state):
        return state
    release = manifest_objects(deployed_release(cluster, name, state.namespace), state.namespace)
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        exist = list(pool.map(lambda obj: _exists(cluster, obj), release.values()))
    missing = tuple(obj for obj, exists in zip(release.values(), exist) if not exists)
    return replace(state, release=release, missing_objects=missing, not_ready_nodes=tuple(_not_ready_nodes(cluster)))


def _has_problem(state: DaprState) -> bool:
    not_ready = any(one.obj is not None and (not one.is_complete or one.replicas == 0) for one in state.components.values())
    absent = any(one.obj is None for one in state.components.values())
    bundle = state.bundle
    usable = bundle.is_complete and not bundle.configmap_differs and not bundle_problems(bundle, state.now)
    return not_ready or absent or not usable or not state.webhook or not state.endpoints


def _exists(cluster: Cluster, obj: dict) -> bool:
    """An object that may not be read counts as existing."""
    try:
        return cluster.get_object(obj) is not None
    except ApiError as error:
        if error.status == 403:
            return True
        raise


def _not_ready_nodes(cluster: Cluster) -> list[str]:
    try:
        nodes = cluster.list("Node")
    except ApiError as error:
        if error.status == 403:
            return []
        raise
    return [node["metadata"]["name"] for node in nodes if condition(node, "Ready").get("status") != "True"]
