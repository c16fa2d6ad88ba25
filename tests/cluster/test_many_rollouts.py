# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A hundred Deployments at once: one watch per kind, little memory, and the first failure is reported while others are progressing."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_proxy import CountingProxy
from fake_node import ON_IT, simulated_node
from harness import TestCluster, venv
from modules import ansible_variables

NAMESPACE = "runbook-test-many"
COUNT = 100
BROKEN = "broken"
NAMES = [f"app-{number:02}" for number in range(1, COUNT)]
KINDS = ("deployments", "replicasets", "pods", "events", "persistentvolumeclaims")
WATCH_SECONDS = 30  # after which the module renews a watch
MEMORY = 200 * 1024  # KiB

pytestmark = [pytest.mark.long, pytest.mark.phase("cluster_wide")]


@pytest.fixture
def namespace(deployed) -> Iterator[TestCluster]:
    cluster, _run = deployed
    delete = ("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=300s")
    with simulated_node(cluster):
        cluster.kubectl(*delete)
        cluster.kubectl("create", "namespace", NAMESPACE)
        try:
            yield cluster
        finally:
            cluster.kubectl(*delete)


def deployment(name: str, image: str, version: str, **pod) -> dict:
    """A Deployment of one pod."""
    labels = {"app": name}
    container = {"name": "app", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "10000"],
                 "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}}
    container.update(pod.pop("container", {}))
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container], **pod}
    template = {"metadata": {"labels": labels, "annotations": {"version": version}}, "spec": spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}}


def apply(cluster: TestCluster, objects: list[dict]) -> None:
    cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def follow(kubeconfig: dict, names: list[str], **options) -> tuple[dict, float, int]:
    """The module's result, the duration of its process, and its peak memory (KiB)."""
    workloads = [{"kind": "Deployment", "name": name} for name in names]
    arguments = {"kubeconfig": kubeconfig, "namespace": NAMESPACE, "workloads": workloads, **options}
    command = [str(venv() / "bin/ansible"), "localhost", "-m", "runbook.minikube.rollout", "-a", json.dumps(arguments)]
    environment = {**os.environ, **ansible_variables(), "ANSIBLE_DEPRECATION_WARNINGS": "false", "ANSIBLE_LOCALHOST_WARNING": "false"}
    began, peak = time.monotonic(), 0
    with tempfile.TemporaryFile("w+") as output:
        ansible = subprocess.Popen(command, env=environment, text=True, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        while ansible.poll() is None:
            peak = max(peak, peak_below(ansible.pid))
            time.sleep(0.1)
        took = time.monotonic() - began
        output.seek(0)
        return json.loads(output.read().partition("=> ")[2]), took, peak


def peak_below(ansible: int) -> int:
    """The peak memory (KiB) of the largest process below an ansible process: the one that runs the module's code, and with it Ansible's own."""
    return max(map(peak_memory, descendants(ansible)), default=0)


def descendants(pid: int) -> list[int]:
    try:
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:  # it has just ended
        return []
    return children + [below for child in children for below in descendants(child)]


def peak_memory(pid: int) -> int:
    """The peak memory (KiB) of a process, 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def test_hundred_rollouts_at_once(namespace, busybox_image):
    cluster = namespace
    apply(cluster, [deployment(name, busybox_image, "1", **ON_IT) for name in NAMES])
    apply(cluster, [deployment(BROKEN, busybox_image, "1")])
    cluster.kubectl("wait", "deployment", "--all", "-n", NAMESPACE, "--for=condition=Available", "--timeout=300s")

    apply(cluster, [deployment(name, busybox_image, "2", **ON_IT) for name in NAMES])
    apply(cluster, [deployment(BROKEN, busybox_image, "2", container={"command": ["/no/such/program"]})])
    with CountingProxy(cluster) as proxy:
        result, took, peak = follow(proxy.kubeconfig, [*NAMES, BROKEN])
    causes, states = result["causes"], {item["name"]: item["state"] for item in result["workloads"]}
    assert [(cause["workload"], cause["category"]) for cause in causes] == [(f"Deployment {BROKEN}", "command_not_found")], result["msg"]
    others = [states[name] for name in NAMES]
    assert others.count("progressing") > COUNT // 2 and "failed" not in others
    measured = f"after {took:.1f} s, {peak // 1024} MiB, {dict(proxy.count)}"
    assert all(proxy.count["watch", kind] == proxy.count["get", kind] == 1 for kind in KINDS), measured
    assert 0 < peak < MEMORY, measured

    with CountingProxy(cluster) as proxy:
        result, took, peak = follow(proxy.kubeconfig, NAMES)
    measured = f"after {took:.1f} s, {peak // 1024} MiB, {dict(proxy.count)}"
    assert {item["state"] for item in result["workloads"]} == {"complete"} and len(result["workloads"]) == len(NAMES), result
    assert all(1 <= proxy.count["watch", kind] <= 1 + took // WATCH_SECONDS and proxy.count["get", kind] == 1 for kind in KINDS), measured
    assert 0 < peak < MEMORY, measured
    print(measured)
