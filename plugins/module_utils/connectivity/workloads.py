# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pods belong to a workload, and which container of them is asked. Pure: objects as the API sends them in."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import Target
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import DEFAULT_CONTAINER, INJECTED, is_ready, owner_uid

Objects = dict[str, list[dict]]  # objects of a namespace by kind


def kinds_needed(workloads: list[dict]) -> list[str]:
    """The kinds that have to be listed to find the pods of workloads, {kind, name} each."""
    kinds = sorted({workload["kind"] for workload in workloads})
    return [*kinds, *(["ReplicaSet"] if "Deployment" in kinds else []), "Pod"]


def targets_of(workload: dict, namespace: str, objects: Objects, container: str | None, all_pods: bool) -> list[Target]:
    """What to ask of a workload: one running pod, a ready one if there is, or all of them.

    Raises RunbookError where the workload does not exist or has no pod with a running container to ask.
    """
    pods = _pods_of(workload, namespace, objects)
    if container:
        _require_container(pods, container)
    running = [(pod, found) for pod in pods if (found := _container_of(pod, container))]
    if not running:
        raise RunbookError(_nothing_runs(workload, namespace, pods))
    running.sort(key=lambda item: (not is_ready(item[0]), item[0]["metadata"]["name"]))
    chosen = running if all_pods else running[:1]
    return [Target(workload["kind"], workload["name"], namespace, pod["metadata"]["name"], name, pod) for pod, name in chosen]


def not_running(pod: dict, container: str) -> str:
    """Why a container does not run, "" where it runs."""
    status = pod.get("status") or {}
    found = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    state = next((one.get("state") or {} for one in found if one["name"] == container), {})
    if "running" in state:
        return ""
    return next((one.get("reason") or how for how, one in state.items()), "not started")


def _pods_of(workload: dict, namespace: str, objects: Objects) -> list[dict]:
    kind, name = workload["kind"], workload["name"]
    found = next((one for one in objects[kind] if one["metadata"]["name"] == name), None)
    if found is None:
        names = ", ".join(sorted(one["metadata"]["name"] for one in objects[kind]))
        there = f"There are: {names}." if names else "There is none at all."
        raise RunbookError(f"workloads: there is no {kind} {name} in namespace {namespace}. {there} Correct the name, the kind or the namespace.")
    owners = {found["metadata"]["uid"]}
    if kind == "Deployment":
        owners = {one["metadata"]["uid"] for one in objects["ReplicaSet"] if owner_uid(one) in owners}
    return [pod for pod in objects["Pod"] if owner_uid(pod) in owners]


def _require_container(pods: list[dict], container: str) -> None:
    there = [one["name"] for pod in pods for one in _containers(pod)]
    if pods and container not in there:
        raise RunbookError(f"container: pod {pods[0]['metadata']['name']} has no container {container}. It has {', '.join(dict.fromkeys(there))}.")


def _containers(pod: dict) -> list[dict]:
    return [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]


def _container_of(pod: dict, container: str | None) -> str:
    """The container to ask in a pod, "" where it does not run: the named one, or the first of the application's own."""
    if pod["metadata"].get("deletionTimestamp"):
        return ""
    preferred = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    own = sorted((one["name"] for one in pod["spec"]["containers"] if one["name"] not in INJECTED), key=lambda name: name != preferred)
    return next((name for name in ([container] if container else own) if not not_running(pod, name)), "")


def _nothing_runs(workload: dict, namespace: str, pods: list[dict]) -> str:
    states = [f"{pod['metadata']['name']}: {_state(pod)}" for pod in pods]
    seen = f"Its pods: {'; '.join(states)}." if states else "It has no pods at all."
    return (
        f"{workload['kind']}/{workload['name']} in namespace {namespace} has no running container to ask from. {seen} "
        "Bring it up first; the module runbook.minikube.rollout says what keeps it."
    )


def _state(pod: dict) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return "ends"
    reasons = [f"{one['name']} {reason}" for one in pod["spec"]["containers"] if (reason := not_running(pod, one["name"]))]
    return ", ".join(reasons) or (pod.get("status") or {}).get("phase") or "not started"
