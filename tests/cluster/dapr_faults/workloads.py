# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workloads with Dapr for the tests, in a namespace of their own."""

from __future__ import annotations

import json

from dapr_faults.cluster_state import NAMESPACE, eventually, is_ready, pods_of, states
from harness import TestCluster

PORT = 8080
HTTPD = f"mkdir -p /tmp/www && echo serves > /tmp/www/index.html && exec httpd -f -p {PORT} -h /tmp/www"


def image(cluster: TestCluster) -> str:
    """The small image in the node, with a shell, httpd and nc."""
    return json.loads((cluster.state / "local_cluster.json").read_text())["base_images"]["busybox"]


def apply(cluster: TestCluster, *objects: dict) -> None:
    """Applies objects in the namespace of the tests, and creates that if it does not exist."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(namespace))
    if objects:
        cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))


def workload(cluster: TestCluster, name: str, kind: str = "Deployment", replicas: int = 1, script: str = HTTPD, init: str = "") -> dict:
    """A workload with Dapr whose application runs a script; ``init`` is that of an init container."""
    pod: dict = {"terminationGracePeriodSeconds": 5, "containers": [_container(cluster, "app", script)]}
    if init:
        pod["initContainers"] = [_container(cluster, "wait-for-dapr", init)]
    template = {"metadata": {"labels": {"app": name}, "annotations": annotations(name)}, "spec": pod}
    spec: dict = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind != "DaemonSet":
        spec["replicas"] = replicas
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def annotations(name: str) -> dict[str, str]:
    """The annotations for Dapr, for an application of that name."""
    return {
        "dapr.io/enabled": "true", "dapr.io/app-id": name, "dapr.io/app-port": str(PORT),
        "dapr.io/sidecar-cpu-request": "10m", "dapr.io/sidecar-memory-request": "32Mi", "dapr.io/sidecar-memory-limit": "256Mi",
        # A busy node starts the sidecar more slowly than the default allows
        "dapr.io/sidecar-liveness-probe-threshold": "15",
    }


def _container(cluster: TestCluster, name: str, script: str) -> dict:
    return {"name": name, "image": image(cluster), "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script]}


def ready_pods(cluster: TestCluster, name: str, number: int = 1) -> list[dict]:
    """The pods of a workload, once that many are ready and no other one is left."""

    def check() -> list[dict]:
        pods = pods_of(cluster, name, NAMESPACE)
        assert len(pods) == number and all(map(is_ready, pods)), f"{name}, {number} expected: {states(pods)}"
        return pods

    return eventually(check)


def remove(cluster: TestCluster, *names: str) -> None:
    """Removes workloads with those names, of whatever kind, and waits until their pods are deleted."""
    if not cluster.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "-o", "name"):
        return
    cluster.kubectl("delete", "deployment,statefulset,daemonset", *names, "-n", NAMESPACE, "--ignore-not-found")
    for name in names:
        eventually(lambda name=name: _require_deleted(cluster, name))


def _require_deleted(cluster: TestCluster, name: str) -> None:
    pods = pods_of(cluster, name, NAMESPACE)
    assert not pods, f"still existing: {states(pods)}"


def remove_namespace(cluster: TestCluster) -> None:
    """Removes all that the faults had in a namespace of their own."""
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
