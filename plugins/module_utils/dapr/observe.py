# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads Dapr's release and control plane: one list call a kind."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.control_plane import lacking
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.release import Release, in_force, newest, selector_of


def release_of(cluster: Cluster, name: str, namespace: str) -> Release:
    """The newest revision of the release, an empty one where there is none."""
    return newest(cluster.list("Secret", namespace, label_selector=selector_of(name)))


def release_in_force(cluster: Cluster, name: str, namespace: str) -> Release:
    """The revision whose objects are in the cluster, an empty one where there is none."""
    return in_force(cluster.list("Secret", namespace, label_selector=selector_of(name)))


def lacking_now(cluster: Cluster, namespace: str, workloads: list[dict]) -> list[str]:
    """What the workloads {kind, name} lack at present, as sentences."""
    wanted = [(entry["kind"], entry["name"]) for entry in workloads]
    kinds = dict.fromkeys(kind for kind, _name in wanted)
    found = {(kind, obj["metadata"]["name"]): obj for kind in kinds for obj in cluster.list(kind, namespace)}
    return lacking(wanted, found)
