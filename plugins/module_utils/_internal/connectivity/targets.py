# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pods belong to a workload, and from which of their containers requests are sent. Pure: objects as the API sends them."""

from __future__ import annotations

from ..clients.cluster.pods import INJECTED_CONTAINERS, is_ready
from ..errors import RunbookError
from ..workloads.fields import DEFAULT_CONTAINER, owner_uid
from ..workloads.model import Workload
from .model import ProbeTarget

Objects = dict[str, list[dict]]  # objects of a namespace by kind


def required_kinds(workloads: tuple[Workload, ...]) -> list[str]:
    """The kinds that have to be listed to find the pods of workloads."""
    kinds = sorted({workload.kind for workload in workloads})
    return [*kinds, *(["ReplicaSet"] if "Deployment" in kinds else []), "Pod"]


def targets_of(workload: Workload, objects: Objects, namespace: str, container: str | None, all_pods: bool) -> list[ProbeTarget]:
    """One running pod of a workload, a ready one if possible, or all of them. ``container``: None for the application's own.

    Raises RunbookError if the workload does not exist or has no pod with a running container.
    """
    pods = _pods_of(workload, namespace, objects)
    if container:
        _require_container(pods, container)
    running = [(pod, name) for pod in pods if (name := _container_of(pod, container))]
    if not running:
        raise RunbookError(_nothing_running(workload, namespace, pods))
    running.sort(key=lambda item: (not is_ready(item[0]), item[0]["metadata"]["name"]))
    chosen = running if all_pods else running[:1]
    return [ProbeTarget(workload, namespace, pod["metadata"]["name"], name, pod) for pod, name in chosen]


def not_running_reason(pod: dict, container: str) -> str:
    """Why a container is not running, "" if it is."""
    status = pod.get("status") or {}
    statuses = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    state = next((item.get("state") or {} for item in statuses if item["name"] == container), {})
    if "running" in state:
        return ""
    return next((detail.get("reason") or name for name, detail in state.items()), "not started")


def object_of(workload: Workload, objects: Objects, namespace: str) -> dict:
    """The object of a workload. Raises RunbookError if it does not exist."""
    obj = next((item for item in objects[workload.kind] if item["metadata"]["name"] == workload.name), None)
    if obj is None:
        names = ", ".join(sorted(item["metadata"]["name"] for item in objects[workload.kind]))
        existing = f"Existing: {names}." if names else "None exists."
        raise RunbookError(f"workloads: {workload} does not exist in namespace {namespace}. {existing} Correct the name, the kind or the namespace.")
    return obj


def _pods_of(workload: Workload, namespace: str, objects: Objects) -> list[dict]:
    owners = {object_of(workload, objects, namespace)["metadata"]["uid"]}
    if workload.kind == "Deployment":
        owners = {item["metadata"]["uid"] for item in objects["ReplicaSet"] if owner_uid(item) in owners}
    return [pod for pod in objects["Pod"] if owner_uid(pod) in owners]


def _require_container(pods: list[dict], container: str) -> None:
    existing = [spec["name"] for pod in pods for spec in _containers(pod)]
    if pods and container not in existing:
        raise RunbookError(f"container: pod {pods[0]['metadata']['name']} has no container {container}. It has {', '.join(dict.fromkeys(existing))}.")


def _containers(pod: dict) -> list[dict]:
    return [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]


def _container_of(pod: dict, container: str | None) -> str:
    """The container of a pod, "" if it is not running: the named one, or the first of the application's own."""
    if pod["metadata"].get("deletionTimestamp"):
        return ""
    preferred = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    own = sorted((spec["name"] for spec in pod["spec"]["containers"] if spec["name"] not in INJECTED_CONTAINERS), key=lambda name: name != preferred)
    return next((name for name in ([container] if container else own) if not not_running_reason(pod, name)), "")


def _nothing_running(workload: Workload, namespace: str, pods: list[dict]) -> str:
    states = [f"{pod['metadata']['name']}: {_state(pod)}" for pod in pods]
    summary = f"Its pods: {'; '.join(states)}." if states else "It has no pods."
    return (
        f"{workload.kind}/{workload.name} in namespace {namespace} has no running container to send requests from. {summary} "
        "Get it running first; the module runbook.minikube.rollout reports what prevents that."
    )


def _state(pod: dict) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return "terminating"
    reasons = [f"{spec['name']} {reason}" for spec in pod["spec"]["containers"] if (reason := not_running_reason(pod, spec["name"]))]
    return ", ".join(reasons) or (pod.get("status") or {}).get("phase") or "not started"
