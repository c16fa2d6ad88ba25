# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of the cluster, and waiting for one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from harness import TestCluster

SYSTEM = "dapr-system"
NAMESPACE = "dapr-faults"  # of the workloads that are made for it
NAMESPACES = ("default", "kube-system", SYSTEM, NAMESPACE)  # the application's, and where only these tests work
PATIENCE = 300  # seconds
CONTROL_PLANE = MappingProxyType({
    "dapr-sentry": "deployment", "dapr-operator": "deployment", "dapr-placement-server": "statefulset",
    "dapr-sidecar-injector": "deployment", "dapr-scheduler-server": "statefulset",
})  # fmt: skip

Answer = TypeVar("Answer")


def eventually(check: Callable[[], Answer], patience: float = PATIENCE) -> Answer:
    """What ``check`` returns once it raises no AssertionError; after ``patience`` seconds, its AssertionError."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


def get(cluster: TestCluster, kind: str, name: str, namespace: str = SYSTEM) -> dict | None:
    """An object, or None if it does not exist."""
    text = cluster.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
    return json.loads(text) if text.strip() else None


def patch(cluster: TestCluster, kind: str, name: str, change: object, patch_type: str = "merge", namespace: str = SYSTEM) -> None:
    """Changes an object. The change goes over the standard input: it may hold a key."""
    cluster.kubectl("patch", kind, name, "-n", namespace, f"--type={patch_type}", "--patch-file=/dev/stdin", stdin=json.dumps(change))


def pods_of(cluster: TestCluster, app: str, namespace: str = SYSTEM) -> list[dict]:
    """The pods with that label ``app``, including terminating ones."""
    return cluster.objects("pods", namespace, "-l", f"app={app}")


def status_of(pod: dict, container: str) -> dict:
    """The status of a container of any kind; empty if it has none yet."""
    both = [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
    return next((status for status in both if status["name"] == container), {})


def waiting(pod: dict, container: str) -> str:
    """The reason why a container waits, or ""."""
    return status_of(pod, container).get("state", {}).get("waiting", {}).get("reason", "")


def is_ready(pod: dict) -> bool:
    conditions = pod["status"].get("conditions", [])
    return "deletionTimestamp" not in pod["metadata"] and any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def sidecar_of(pod: dict) -> dict | None:
    """The container daprd of a pod."""
    both = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    return next((container for container in both if container["name"] == "daprd"), None)


def anchors(pod: dict) -> str:
    """The root certificates that a sidecar got when it was created."""
    return next((item.get("value", "") for item in (sidecar_of(pod) or {}).get("env", []) if item["name"] == "DAPR_TRUST_ANCHORS"), "")


def states(pods: list[dict]) -> str:
    """Pods and their containers in one line, for a message."""
    return "; ".join(f"{pod['metadata']['name']}: {_states(pod)}" for pod in pods) or "no pod"


def _states(pod: dict) -> str:
    both = [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
    return ", ".join(f"{item['name']} {json.dumps(item['state'])} ready={item['ready']} restarts={item['restartCount']}" for item in both)


def only(pods: list[dict]) -> dict:
    """The only pod that is not terminating."""
    remaining = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    assert len(remaining) == 1, f"one pod was expected: {states(pods)}"
    return remaining[0]


def events_of(cluster: TestCluster, pod: dict) -> list[str]:
    """The messages of the events of a pod."""
    selector = f"involvedObject.uid={pod['metadata']['uid']}"
    return [event.get("message", "") for event in cluster.objects("events", pod["metadata"]["namespace"], "--field-selector", selector)]


def pod_uids(cluster: TestCluster) -> dict[tuple[str, str], str]:
    """The UID of each pod that is not terminating, by namespace and name, in the namespaces where no other test works."""
    everything = [pod for namespace in NAMESPACES for pod in cluster.objects("pods", namespace)]
    remaining = [pod["metadata"] for pod in everything if "deletionTimestamp" not in pod["metadata"]]
    return {(meta["namespace"], meta["name"]): meta["uid"] for meta in remaining}


def replaced(before: dict[tuple[str, str], str], after: dict[tuple[str, str], str], affected: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pods that were deleted or recreated although they are not among those that may be."""
    replaced_pods = [pod for pod, uid in before.items() if after.get(pod) != uid]
    return [pod for pod in replaced_pods if not any(pod[0] == namespace and pod[1].startswith(name) for namespace, name in affected)]


def dapr_enabled(pod: dict) -> bool:
    return (pod["metadata"].get("annotations") or {}).get("dapr.io/enabled") == "true"


def with_sidecar(cluster: TestCluster) -> list[dict]:
    """The pods in all namespaces that are annotated for Dapr and are not terminating."""
    everything = json.loads(cluster.kubectl("get", "pods", "--all-namespaces", "-o", "json"))["items"]
    return [pod for pod in everything if dapr_enabled(pod) and "deletionTimestamp" not in pod["metadata"]]


def dapr_pods(cluster: TestCluster, control_plane: bool = True) -> set[tuple[str, str]]:
    """Namespace and name of the pods with a sidecar, and namespace and prefix of the names of the control plane's."""
    pods = {(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in with_sidecar(cluster)}
    return pods | {(SYSTEM, f"{name}-") for name in CONTROL_PLANE} if control_plane else pods


def require_control_plane(cluster: TestCluster, components: Mapping[str, str] = CONTROL_PLANE) -> None:
    """Asserts that all expected pods of Dapr's control plane exist and are ready. ``components``: kinds by name."""
    for name, kind in components.items():
        workload, pods = get(cluster, kind, name), pods_of(cluster, name)
        expected = workload["spec"]["replicas"] if workload else None
        assert expected and sum(map(is_ready, pods)) == expected == len(pods), f"{kind}/{name}, {expected} expected: {states(pods)}"


def require_sidecars(cluster: TestCluster) -> None:
    """Asserts that each pod that is annotated for Dapr is ready, including its sidecar."""
    for pod in with_sidecar(cluster):
        assert sidecar_of(pod) and is_ready(pod), f"not ready with Dapr: {states([pod])}"


def wait_until_healthy(cluster: TestCluster, patience: float = PATIENCE, components: Mapping[str, str] = CONTROL_PLANE) -> None:
    """Waits until all of Dapr is healthy."""
    eventually(lambda: require_control_plane(cluster, components), patience)
    eventually(lambda: require_sidecars(cluster), patience)
