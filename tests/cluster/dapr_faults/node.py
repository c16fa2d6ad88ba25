# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers in the node, beneath Kubernetes."""

from __future__ import annotations

import subprocess

from dapr_faults.cluster_state import eventually, status_of
from dapr_faults.workloads import image
from harness import TestCluster


def container_id(pod: dict, container: str) -> str:
    """Docker's ID of a running container of a pod."""
    status = status_of(pod, container)
    assert "running" in status.get("state", {}), f"{container} of {pod['metadata']['name']} does not run: {status}"
    return status["containerID"].removeprefix("docker://")


def name_of(cluster: TestCluster, identifier: str) -> str:
    """The name that the node's container runtime gave to a container: k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT."""
    return cluster.docker("inspect", "--format", "{{.Name}}", identifier).strip().removeprefix("/")


def next_name(name: str) -> str:
    """The name that the next attempt at the same container takes."""
    start, _line, attempt = name.rpartition("_")
    return f"{start}_{int(attempt) + 1}"


def hold(cluster: TestCluster, name: str) -> None:
    """Runs a container of that name that is not managed by Kubernetes."""
    cluster.docker("run", "--detach", "--network=none", "--name", name, image(cluster), "sleep", "86400")


def release(cluster: TestCluster, name: str) -> None:
    """Removes that container if it still exists."""
    if cluster.docker("ps", "--all", "--quiet", "--filter", f"name=^/?{name}$").strip():
        cluster.docker("rm", "--force", name)


def signal(cluster: TestCluster, identifier: str, what: str) -> None:
    """A signal for the first process of a container."""
    cluster.docker("kill", "--signal", what, identifier)


def frozen(cluster: TestCluster, identifier: str) -> bool:
    """Whether the first process of a container was stopped by a signal."""
    process = cluster.docker("inspect", "--format", "{{.State.Pid}}", identifier).strip()
    command = ["docker", "exec", cluster.profile, "cat", f"/proc/{process}/stat"]
    status = subprocess.run(command, text=True, capture_output=True, check=True, timeout=60).stdout
    return status.rpartition(")")[2].split()[0] == "T"


def restart_api_server(cluster: TestCluster) -> None:
    """Ends the API server at once; the node starts it again, which takes some seconds."""
    identifier = cluster.docker("ps", "--quiet", "--filter", "name=k8s_kube-apiserver_kube-apiserver-").strip()
    assert len(identifier.split()) == 1, f"no API server among the node's containers: {identifier!r}"
    # Started again in place: after a mere kill, Kubernetes would wait longer before each further start.
    cluster.docker("restart", "-t", "0", identifier)


def wait_for_api(cluster: TestCluster) -> None:
    """Waits until the API server is ready."""

    def check() -> None:
        answer = cluster.kubectl("get", "--raw", "/readyz", check=False)
        assert answer == "ok", f"the API server is not ready: {answer}"

    eventually(check)
