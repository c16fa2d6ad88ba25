# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the cluster shows, and waiting for it."""

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
    """An object, or None where there is none."""
    text = cluster.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
    return json.loads(text) if text.strip() else None


def patch(cluster: TestCluster, kind: str, name: str, change: object, way: str = "merge", namespace: str = SYSTEM) -> None:
    """Changes an object. The change goes over the standard input: it may hold a key."""
    cluster.kubectl("patch", kind, name, "-n", namespace, f"--type={way}", "--patch-file=/dev/stdin", stdin=json.dumps(change))


def pods_of(cluster: TestCluster, app: str, namespace: str = SYSTEM) -> list[dict]:
    """The pods with that label ``app``, those that are going included."""
    return cluster.objects("pods", namespace, "-l", f"app={app}")


def status_of(pod: dict, container: str) -> dict:
    """The status of a container of any kind; empty before there is one."""
    both = [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
    return next((status for status in both if status["name"] == container), {})


def waiting(pod: dict, container: str) -> str:
    """The reason for which a container waits, or nothing."""
    return status_of(pod, container).get("state", {}).get("waiting", {}).get("reason", "")


def is_ready(pod: dict) -> bool:
    conditions = pod["status"].get("conditions", [])
    return "deletionTimestamp" not in pod["metadata"] and any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def sidecar_of(pod: dict) -> dict | None:
    """The container daprd of a pod."""
    both = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    return next((container for container in both if container["name"] == "daprd"), None)


def anchors(pod: dict) -> str:
    """The root certificates that a sidecar was given when it was made."""
    return next((item.get("value", "") for item in (sidecar_of(pod) or {}).get("env", []) if item["name"] == "DAPR_TRUST_ANCHORS"), "")


def states(pods: list[dict]) -> str:
    """Pods and their containers in one line, for a message."""
    return "; ".join(f"{pod['metadata']['name']}: {_states(pod)}" for pod in pods) or "no pod"


def _states(pod: dict) -> str:
    both = [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
    return ", ".join(f"{item['name']} {json.dumps(item['state'])} ready={item['ready']} restarts={item['restartCount']}" for item in both)


def only(pods: list[dict]) -> dict:
    """The only pod that is not going."""
    staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    assert len(staying) == 1, f"one pod was expected: {states(pods)}"
    return staying[0]


def events_of(cluster: TestCluster, pod: dict) -> list[str]:
    """What the events of a pod say."""
    chosen = f"involvedObject.uid={pod['metadata']['uid']}"
    return [event.get("message", "") for event in cluster.objects("events", pod["metadata"]["namespace"], "--field-selector", chosen)]


def pod_uids(cluster: TestCluster) -> dict[tuple[str, str], str]:
    """The UID of each pod that is not going, by namespace and name, where no other test works meanwhile."""
    everything = [pod for namespace in NAMESPACES for pod in cluster.objects("pods", namespace)]
    staying = [pod["metadata"] for pod in everything if "deletionTimestamp" not in pod["metadata"]]
    return {(meta["namespace"], meta["name"]): meta["uid"] for meta in staying}


def replaced(before: dict[tuple[str, str], str], after: dict[tuple[str, str], str], affected: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pods that are gone or made anew although they are none of those that may be."""
    gone = [pod for pod, uid in before.items() if after.get(pod) != uid]
    return [pod for pod in gone if not any(pod[0] == namespace and pod[1].startswith(name) for namespace, name in affected)]


def asks_for_dapr(pod: dict) -> bool:
    return (pod["metadata"].get("annotations") or {}).get("dapr.io/enabled") == "true"


def with_sidecar(cluster: TestCluster) -> list[dict]:
    """The pods in all namespaces that ask for Dapr and are not going."""
    everything = json.loads(cluster.kubectl("get", "pods", "--all-namespaces", "-o", "json"))["items"]
    return [pod for pod in everything if asks_for_dapr(pod) and "deletionTimestamp" not in pod["metadata"]]


def dapr_pods(cluster: TestCluster, control_plane: bool = True) -> set[tuple[str, str]]:
    """Namespace and name of the pods with a sidecar, and namespace and beginning of the names of the control plane's."""
    found = {(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in with_sidecar(cluster)}
    return found | {(SYSTEM, f"{name}-") for name in CONTROL_PLANE} if control_plane else found


def control_plane_serves(cluster: TestCluster, parts: Mapping[str, str] = CONTROL_PLANE) -> None:
    """Asserts that all pods of Dapr's control plane that are wanted are there and ready. ``parts``: kinds by name."""
    for name, kind in parts.items():
        workload, pods = get(cluster, kind, name), pods_of(cluster, name)
        wanted = workload["spec"]["replicas"] if workload else None
        assert wanted and sum(map(is_ready, pods)) == wanted == len(pods), f"{kind}/{name}, {wanted} wanted: {states(pods)}"


def sidecars_serve(cluster: TestCluster) -> None:
    """Asserts that each pod that asks for Dapr is ready, its sidecar too."""
    for pod in with_sidecar(cluster):
        assert sidecar_of(pod) and is_ready(pod), f"not ready with Dapr: {states([pod])}"


def dapr_serves(cluster: TestCluster, patience: float = PATIENCE, parts: Mapping[str, str] = CONTROL_PLANE) -> None:
    """Waits until all of Dapr serves."""
    eventually(lambda: control_plane_serves(cluster, parts), patience)
    eventually(lambda: sidecars_serve(cluster), patience)
