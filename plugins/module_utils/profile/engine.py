# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Docker Engine on the host, by its command: what carries a profile's name, and its removal."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

ANSWER_SECONDS = 15  # for one question to the engine
_REMOVAL_SECONDS = 120
_TIMED_OUT = 124  # exit code of the command timeout
_NOT_FOUND = 127


class Engine:
    """Docker's command, called through an AnsibleModule's run_command."""

    def __init__(self, run_command: Callable):
        self._run_command = run_command

    def inspect(self, kind: str, name: str) -> dict | None:
        """The engine's record of a container, volume or network, None where there is none. Raises RunbookError if it does not answer."""
        status, output, errors = self._docker(ANSWER_SECONDS, kind, "inspect", name)
        if status == 0:
            return json.loads(output)[0]
        if _says_absent(errors):
            return None
        raise RunbookError(_silence(status, errors))

    def is_configured(self, container: str) -> bool:
        """Whether a container, running or not, has a kubelet's credentials; they are looked for, not looked at."""
        return self._docker(ANSWER_SECONDS, "cp", f"{container}:/etc/kubernetes/kubelet.conf", "-")[0] == 0

    def remove(self, kind: str, name: str, *options: str) -> None:
        """Removes a container, volume or network; that there is none is no failure."""
        self._must(kind, "rm", *options, name)

    def remove_in_volume(self, volume: str, path: str, image: str) -> None:
        """Removes a file in a volume, by a container of an image that has the usual commands."""
        self._in_volume(volume, image, [], ["rm", "-f", f"/volume/{path}"])

    def copy_from_volume(self, volume: str, paths: list[str], image: str, folder: Path) -> None:
        """Copies files from a volume into a folder of this host, readable for this user alone."""
        command = ["install", "-m", "0600", "-o", str(os.geteuid()), "-g", str(os.getegid()), *(f"/volume/{path}" for path in paths), "/folder/"]
        self._in_volume(volume, image, ["--volume", f"{folder}:/folder"], command)

    def _in_volume(self, volume: str, image: str, options: list[str], command: list[str]) -> None:
        self._must("run", "--rm", "--network", "none", "--volume", f"{volume}:/volume", *options, "--entrypoint", command[0], image, *command[1:])

    def _must(self, *arguments: str) -> None:
        status, _output, errors = self._docker(_REMOVAL_SECONDS, *arguments)
        if status and not _says_absent(errors):
            raise RunbookError(f"`docker {' '.join(arguments)}` failed: {errors.strip() or f'exit code {status}'}")

    def _docker(self, seconds: int, *arguments: str) -> tuple[int, str, str]:
        return self._run_command(["timeout", "--foreground", str(seconds), "docker", *arguments], errors="replace")


def _says_absent(errors: str) -> bool:
    return re.search(r"no such (object|container|volume|network)|(network|volume) \S+ not found", errors, re.IGNORECASE) is not None


def _silence(status: int, errors: str) -> str:
    if status == _NOT_FOUND:
        return "The docker command is missing on PATH. Install Docker's command-line client."
    if status == _TIMED_OUT:
        return f"Docker did not answer within {ANSWER_SECONDS} s. Check the engine, and DOCKER_HOST if it is set."
    return f"Docker can't be asked: {errors.strip()} Start the engine, or correct DOCKER_HOST."
