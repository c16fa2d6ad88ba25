# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls minikube with a home and a kubeconfig of the profile's own, so that no other profile or kubeconfig is touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Profile

_LAST_LINES = 25
_STOP_SECONDS = 300
_QUIET = {
    "MINIKUBE_IN_STYLE": "false",
    "MINIKUBE_WANTUPDATENOTIFICATION": "false",
    "MINIKUBE_SUPPRESS_DOCKER_PERFORMANCE": "true",
}


@dataclass(frozen=True)
class StartOptions:
    """How a cluster is made. Empty text means minikube's own default; ``arguments`` are passed on as they are."""

    cpus: int
    memory: str
    runtime: str
    version: str
    base_image: str
    arguments: tuple[str, ...]

    def command_line(self) -> list[str]:
        """The options as minikube's arguments."""
        given = {"--container-runtime": self.runtime, "--kubernetes-version": self.version, "--base-image": self.base_image}
        line = ["--driver=docker", f"--cpus={self.cpus}", f"--memory={self.memory}", "--delete-on-failure=false"]
        line += [f"{name}={value}" for name, value in given.items() if value]
        return [*line, *(["--force"] if os.geteuid() == 0 else []), *self.arguments]


@dataclass(frozen=True)
class Minikube:
    """The minikube program, bound to a profile.

    ``run_command`` is an AnsibleModule's; ``lock`` is an open file that a call's process holds as long as it lives.
    """

    program: str
    profile: Profile
    run_command: Callable
    lock: int

    def start(self, options: StartOptions, timeout: int) -> str:
        """Starts the profile; returns "" or the last lines of a failure, which is no proof that the cluster is not there."""
        return self._call(["start", "--interactive=false", f"--wait-timeout={timeout}s", *options.command_line()], timeout + 60)

    def stop(self) -> None:
        """Stops the profile. Raises RunbookError where it does not stop."""
        failure = self._call(["stop"], _STOP_SECONDS)
        if failure:
            raise RunbookError(f"`minikube stop -p {self.profile.name}` failed:\n{failure}")

    def _call(self, arguments: list[str], seconds: int) -> str:
        command = ["timeout", "--foreground", str(seconds), self.program, *arguments, "--profile", self.profile.name]
        environment = {**_QUIET, "MINIKUBE_HOME": str(self.profile.home), "KUBECONFIG": str(self.profile.kubeconfig)}
        status, output, errors = self.run_command(command, environ_update=environment, errors="replace", pass_fds=(self.lock,))
        if status == 0:
            return ""
        return "\n".join((output + errors).strip().splitlines()[-_LAST_LINES:]) or f"exit code {status}"
