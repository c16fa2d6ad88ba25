# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is read only where the control plane has trouble: what the release has, what of it is missing, and the nodes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import faults
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Found
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.observe import release_in_force
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.release import objects_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import condition
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE

AT_ONCE = 8  # calls


def explained(cluster: Cluster, found: Found, name: str) -> Found:
    """What was found, with the objects of the release and the nodes that are not ready, where there is trouble."""
    if not _in_trouble(found):
        return found
    release = objects_of(release_in_force(cluster, name, found.namespace), found.namespace)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        stored = list(pool.map(lambda obj: _exists(cluster, obj), release.values()))
    missing = tuple(obj for obj, exists in zip(release.values(), stored) if not exists)
    return replace(found, release=release, missing=missing, bare_nodes=tuple(_unready_nodes(cluster)))


def _in_trouble(found: Found) -> bool:
    """Whether something of the control plane lacks."""
    parts = any(part.obj is not None and (part.state.state != COMPLETE or part.replicas == 0) for part in found.parts.values())
    absent_parts = any(part.obj is None for part in found.parts.values())
    bundle = found.bundle
    whole = bundle.is_whole and not bundle.differs and not faults(bundle, found.now)
    return parts or absent_parts or not whole or not found.webhook or not found.endpoints


def _exists(cluster: Cluster, obj: dict) -> bool:
    """What may not be read counts as there."""
    try:
        return cluster.get_object(obj) is not None
    except ApiError as error:
        if error.status == 403:
            return True
        raise


def _unready_nodes(cluster: Cluster) -> list[str]:
    try:
        nodes = cluster.list("Node")
    except ApiError as error:
        if error.status == 403:
            return []
        raise
    return [node["metadata"]["name"] for node in nodes if condition(node, "Ready").get("status") != "True"]
