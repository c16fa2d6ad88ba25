# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds a profile's node and the way into it: by one question to the host's engine where Minikube runs in a container."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.runbook.minikube.plugins.module_utils.engine.client import Engine
from ansible_collections.runbook.minikube.plugins.module_utils.engine.containerd_node import ContainerdNode
from ansible_collections.runbook.minikube.plugins.module_utils.engine.docker_node import DockerNode
from ansible_collections.runbook.minikube.plugins.module_utils.engine.profile import Profile
from ansible_collections.runbook.minikube.plugins.module_utils.engine.shell import NodeShell
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

ENGINE_PORT = "2376/tcp"
RUNTIMES = ("docker", "containerd")
MADE_BY_MINIKUBE = "created_by.minikube.sigs.k8s.io"

# AnsibleModule.run_command, or what takes and returns the same: (arguments, …) to (return code, standard output, standard error)
RunCommand = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True)
class Address:
    """Where an engine listens (tcp://host:port), and the folder with the TLS files for it."""

    url: str
    certificates: str


def open_node(profile: Profile, minikube: str, run_command: RunCommand) -> DockerNode | ContainerdNode:
    """Opens the node of ``profile``; ``minikube`` is the program, run only for drivers other than docker.

    Raises RunbookError for a runtime other than Docker and containerd, several nodes, a stopped or lost node, and a Docker that does
    not answer.
    """
    _require_one_known_node(profile)
    if profile.runtime == "containerd":
        return _containerd_node(profile, minikube)
    address = _address_in_container(profile) if profile.driver == "docker" else _address_from_minikube(profile, minikube, run_command)
    return DockerNode(Engine.of_address(address.url, address.certificates, f"The node's Docker (profile {profile.name})"))


def require_running(container: dict | None, profile: Profile) -> dict:
    """The node's container, as the host's engine describes it. Raises RunbookError unless it is Minikube's and runs."""
    again = f"Run: minikube start -p {profile.name}"
    if container is None:
        raise RunbookError(f"The profile {profile.name} exists, but its node is gone (no container {profile.name}). {again}")
    if (container["Config"].get("Labels") or {}).get(MADE_BY_MINIKUBE) != "true":
        raise RunbookError(f"The container {profile.name} was not made by Minikube, so it is left alone. Rename it. {again}")
    if not container["State"].get("Running") or container["State"].get("Paused"):
        raise RunbookError(f"The cluster of profile {profile.name} does not run (its node is {container['State'].get('Status')}). {again}")
    return container


def address_of(container: dict | None, profile: Profile, daemon_host: str) -> Address:
    """The engine's address, from the node's container. Raises RunbookError where it has none."""
    bindings = (require_running(container, profile)["NetworkSettings"].get("Ports") or {}).get(ENGINE_PORT)
    if not bindings:
        raise RunbookError(
            f"The node of profile {profile.name} does not publish its engine's port {ENGINE_PORT}. Run: minikube start -p {profile.name}"
        )
    return Address(f"tcp://{daemon_host}:{bindings[0]['HostPort']}", str(profile.folder / "certs"))


def daemon_host(url: str | None) -> str:
    """The host on which a container's published ports are reached, given its engine's address."""
    return (url and urlsplit(url).hostname) or "127.0.0.1"


def address_from(environment: str, profile: Profile) -> Address:
    """The engine's address in the JSON that ``minikube docker-env --shell none --output json`` prints. Raises RunbookError where it has none."""
    try:
        found = json.loads(environment)
        return Address(found["DOCKER_HOST"], found["DOCKER_CERT_PATH"])
    except (ValueError, KeyError, TypeError):
        raise RunbookError(
            f"minikube docker-env does not say where the engine of profile {profile.name} (driver {profile.driver}) listens. "
            f"See: minikube status -p {profile.name}"
        ) from None


def _require_one_known_node(profile: Profile):
    if profile.runtime not in RUNTIMES:
        raise RunbookError(
            f"The profile {profile.name} runs {profile.runtime}, and images are brought to {' and '.join(RUNTIMES)} only. "
            "Use a profile started with --container-runtime=docker."
        )
    if profile.nodes > 1:
        raise RunbookError(
            f"The profile {profile.name} has {profile.nodes} nodes; an image built in one of them is missing in the others, "
            "so several nodes are not supported yet. Use a profile with one node."
        )


def _containerd_node(profile: Profile, minikube: str) -> ContainerdNode:
    where = f"The node of profile {profile.name}"
    if profile.driver != "docker":
        # ssh hands the command to a shell; minikube's own client reads no standard input
        into = [minikube, "--profile", profile.name, "ssh", "--native-ssh=false", "--", "sudo"]
        return ContainerdNode(NodeShell(into, where, {**os.environ, "MINIKUBE_HOME": str(profile.folder)}, as_text=True))
    host = Engine.of_host()
    require_running(host.container(profile.name), profile)
    return ContainerdNode(NodeShell(["docker", "exec", "--interactive", profile.name], where), host)


def _address_in_container(profile: Profile) -> Address:
    host = Engine.of_host()
    return address_of(host.container(profile.name), profile, daemon_host(host.url))


def _address_from_minikube(profile: Profile, minikube: str, run_command: RunCommand) -> Address:
    # JSON only comes with the shell "none"
    command = [minikube, "--profile", profile.name, "docker-env", "--shell", "none", "--output", "json"]
    try:
        status, printed, said = run_command(command, environ_update={"MINIKUBE_HOME": str(profile.folder)}, handle_exceptions=False)
    except OSError as error:
        raise RunbookError(f"The program {minikube} cannot be run: {error.strerror}. Set the option minikube to its path.") from None
    if status:
        raise RunbookError(f"{' '.join(command)} failed: {said.strip()[-500:]}. Run: minikube start -p {profile.name}")
    return address_from(printed, profile)
