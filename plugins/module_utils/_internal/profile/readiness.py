# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a cluster can be used, as its objects show: minikube's exit code proves nothing. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

KUBELET_TIMEOUT = timedelta(seconds=40)  # the API server's own limit for a node's lease
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def problems_of(nodes: list[dict], leases: list[dict], pods: list[dict], classes: list[dict], now: datetime) -> tuple[str, ...]:
    """What is not ready, as sentences: the nodes, DNS, and storage for a plain PersistentVolumeClaim."""
    problems = [] if nodes else ["no node has joined"]
    renewed = {lease["metadata"]["name"]: lease["spec"].get("renewTime") for lease in leases}
    for node in nodes:
        problems += _node_problems(node, renewed.get(node["metadata"]["name"]), now)
    if not any(_ready(pod) for pod in pods if pod["metadata"].get("labels", {}).get("k8s-app") == "kube-dns"):
        problems.append("no CoreDNS pod is ready")
    if not any(_ready(pod) for pod in pods if pod["metadata"]["name"] == "storage-provisioner"):
        problems.append("the storage provisioner is not ready")
    if not any(item["metadata"].get("annotations", {}).get(_DEFAULT_CLASS) == "true" for item in classes):
        problems.append("no default StorageClass exists")
    return tuple(problems)


def ready_components_of(pods: list[dict]) -> tuple[str, ...]:
    """The system components (by their label k8s-app) with a ready pod."""
    labels = {pod["metadata"].get("labels", {}).get("k8s-app") for pod in pods if _ready(pod)}
    return tuple(sorted(filter(None, labels)))


def _node_problems(node: dict, renewed: str | None, now: datetime) -> list[str]:
    name = node["metadata"]["name"]
    ready = _condition(node, "Ready")
    if ready.get("status") != "True":
        return [f"the node {name} is not Ready: {ready.get('message', 'no condition yet')}"]
    if not renewed or now - datetime.fromisoformat(renewed) > KUBELET_TIMEOUT:
        return [f"the kubelet of the node {name} does not renew its lease"]
    return []


def _ready(pod: dict) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and _condition(pod, "Ready").get("status") == "True"


def _condition(item: dict, kind: str) -> dict:
    return next((one for one in item.get("status", {}).get("conditions", []) if one["type"] == kind), {})
