# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds a profile's node and how to reach it: one request to the host's engine where Minikube runs in a container."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...errors import RunbookError
from .client import Engine
from .containerd_node import ContainerdNode
from .docker_node import DockerNode
from .profile import MinikubeProfile
from .shell import NodeShell

ENGINE_PORT = "2376/tcp"
RUNTIMES = ("docker", "containerd")
CREATED_BY_MINIKUBE = "created_by.minikube.sigs.k8s.io"

# AnsibleModule.run_command, or a function of the same signature: (arguments, …) to (return code, standard output, standard error)
RunCommand = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True)
class EngineAddress:
    """Where an engine listens (tcp://host:port), and the folder with the TLS files for it."""

    url: str
    certificates: str


def open_node(profile: MinikubeProfile, minikube: str, run_command: RunCommand) -> DockerNode | ContainerdNode:
    """Opens the node of ``profile``; ``minikube`` is the program, run only for drivers other than docker.

    Raises RunbookError for a runtime other than Docker and containerd, several nodes, a stopped or missing node, and a Docker that does
    not answer.
    """
    _require_supported(profile)
    if profile.runtime == "containerd":
        return _containerd_node(profile, minikube)
    address = _address_in_container(profile) if profile.driver == "docker" else _address_from_minikube(profile, minikube, run_command)
    return DockerNode(Engine.of_address(address.url, address.certificates, f"The node's Docker (profile {profile.name})"))


def require_running(container: dict | None, profile: MinikubeProfile) -> dict:
    """The node's container, as the host's engine describes it. Raises RunbookError unless Minikube created it and it runs."""
    start = f"Run: minikube start -p {profile.name}"
    if container is None:
        raise RunbookError(f"The profile {profile.name} exists, but its node does not (no container {profile.name}). {start}")
    if (container["Config"].get("Labels") or {}).get(CREATED_BY_MINIKUBE) != "true":
        raise RunbookError(f"The container {profile.name} was not created by Minikube and is left unchanged. Rename it. {start}")
    if not container["State"].get("Running") or container["State"].get("Paused"):
        raise RunbookError(f"The cluster of profile {profile.name} is not running (its node is {container['State'].get('Status')}). {start}")
    return container


def address_from_container(container: dict | None, profile: MinikubeProfile, daemon_host: str) -> EngineAddress:
    """The engine's address, from the node's container. Raises RunbookError where it has none."""
    bindings = (require_running(container, profile)["NetworkSettings"].get("Ports") or {}).get(ENGINE_PORT)
    if not bindings:
        raise RunbookError(
            f"The node of profile {profile.name} does not publish its engine's port {ENGINE_PORT}. Run: minikube start -p {profile.name}"
        )
    return EngineAddress(f"tcp://{daemon_host}:{bindings[0]['HostPort']}", str(profile.folder / "certs"))


def daemon_host(url: str | None) -> str:
    """The host on which published ports of containers are reached, given the engine's address."""
    return (url and urlsplit(url).hostname) or "127.0.0.1"


def address_from_docker_env(output: str, profile: MinikubeProfile) -> EngineAddress:
    """The engine's address in the output of ``minikube docker-env --shell none --output json``. Raises RunbookError where it has none."""
    try:
        environment = json.loads(output)
        return EngineAddress(environment["DOCKER_HOST"], environment["DOCKER_CERT_PATH"])
    except (ValueError, KeyError, TypeError):
        raise RunbookError(
            f"The output of minikube docker-env has no engine address for the profile {profile.name} (driver {profile.driver}). "
            f"Check: minikube status -p {profile.name}"
        ) from None


def _require_supported(profile: MinikubeProfile):
    if profile.runtime not in RUNTIMES:
        raise RunbookError(
            f"The profile {profile.name} uses the container runtime {profile.runtime}; images can be loaded into {' and '.join(RUNTIMES)} only. "
            "Use a profile started with --container-runtime=docker."
        )
    if profile.nodes > 1:
        raise RunbookError(
            f"The profile {profile.name} has {profile.nodes} nodes. Several nodes are not supported: "
            "an image built in one of them is missing in the others. Use a profile with one node."
        )


def _containerd_node(profile: MinikubeProfile, minikube: str) -> ContainerdNode:
    name = f"The node of profile {profile.name}"
    if profile.driver != "docker":
        # ssh hands the command to a shell; minikube's own client does not read standard input
        prefix = [minikube, "--profile", profile.name, "ssh", "--native-ssh=false", "--", "sudo"]
        return ContainerdNode(NodeShell(prefix, name, {**os.environ, "MINIKUBE_HOME": str(profile.folder)}, as_text=True))
    host = Engine.of_host()
    require_running(host.container(profile.name), profile)
    return ContainerdNode(NodeShell(["docker", "exec", "--interactive", profile.name], name), host)


def _address_in_container(profile: MinikubeProfile) -> EngineAddress:
    host = Engine.of_host()
    return address_from_container(host.container(profile.name), profile, daemon_host(host.url))


def _address_from_minikube(profile: MinikubeProfile, minikube: str, run_command: RunCommand) -> EngineAddress:
    # JSON requires the shell "none"
    command = [minikube, "--profile", profile.name, "docker-env", "--shell", "none", "--output", "json"]
    try:
        status, output, stderr = run_command(command, environ_update={"MINIKUBE_HOME": str(profile.folder)}, handle_exceptions=False)
    except OSError as error:
        raise RunbookError(f"The program {minikube} cannot be run: {error.strerror}. Set the option minikube to its path.") from None
    if status:
        raise RunbookError(f"{' '.join(command)} failed: {stderr.strip()[-500:]}. Run: minikube start -p {profile.name}")
    return address_from_docker_env(output, profile)
