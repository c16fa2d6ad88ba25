# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The docker command of the host: the objects that have a profile's name, and their removal."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from ..errors import RunbookError

QUERY_TIMEOUT = 15  # seconds
_REMOVAL_TIMEOUT = 120  # seconds
_TIMED_OUT = 124  # exit code of the command timeout
_COMMAND_NOT_FOUND = 127


class DockerCli:
    """Docker's command, called through an AnsibleModule's run_command."""

    def __init__(self, run_command: Callable):
        self._run_command = run_command

    def inspect(self, kind: str, name: str) -> dict | None:
        """A container, volume or network as the engine describes it, None where it does not exist. Raises RunbookError without a response."""
        status, output, stderr = self._docker(QUERY_TIMEOUT, kind, "inspect", name)
        if status == 0:
            return json.loads(output)[0]
        if _is_not_found(stderr):
            return None
        raise RunbookError(_engine_failure(status, stderr))

    def is_configured(self, container: str) -> bool:
        """Whether a container, running or not, has the kubelet's credentials. Their content is not read."""
        return self._docker(QUERY_TIMEOUT, "cp", f"{container}:/etc/kubernetes/kubelet.conf", "-")[0] == 0

    def remove(self, kind: str, name: str, *options: str) -> None:
        """Removes a container, volume or network, if it exists."""
        self._run(kind, "rm", *options, name)

    def remove_in_volume(self, volume: str, path: str, image: str) -> None:
        """Removes a file in a volume, by a container of an image with the usual commands."""
        self._run_in_volume(volume, image, [], ["rm", "-f", f"/volume/{path}"])

    def copy_from_volume(self, volume: str, paths: list[str], image: str, folder: Path) -> None:
        """Copies files from a volume into a folder of this host, readable by this user alone."""
        command = ["install", "-m", "0600", "-o", str(os.geteuid()), "-g", str(os.getegid()), *(f"/volume/{path}" for path in paths), "/folder/"]
        self._run_in_volume(volume, image, ["--volume", f"{folder}:/folder"], command)

    def _run_in_volume(self, volume: str, image: str, options: list[str], command: list[str]) -> None:
        self._run("run", "--rm", "--network", "none", "--volume", f"{volume}:/volume", *options, "--entrypoint", command[0], image, *command[1:])

    def _run(self, *arguments: str) -> None:
        status, _output, stderr = self._docker(_REMOVAL_TIMEOUT, *arguments)
        if status and not _is_not_found(stderr):
            raise RunbookError(f"`docker {' '.join(arguments)}` failed: {stderr.strip() or f'exit code {status}'}")

    def _docker(self, timeout: int, *arguments: str) -> tuple[int, str, str]:
        return self._run_command(["timeout", "--foreground", str(timeout), "docker", *arguments], errors="replace")


def _is_not_found(stderr: str) -> bool:
    return re.search(r"no such (object|container|volume|network)|(network|volume) \S+ not found", stderr, re.IGNORECASE) is not None


def _engine_failure(status: int, stderr: str) -> str:
    if status == _COMMAND_NOT_FOUND:
        return "The docker command is not on PATH. Install Docker's command-line client."
    if status == _TIMED_OUT:
        return f"Docker did not respond within {QUERY_TIMEOUT} s. Check the engine, and DOCKER_HOST if it is set."
    return f"Docker is not available: {stderr.strip()} Start the engine, or correct DOCKER_HOST."
