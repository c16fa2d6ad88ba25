# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls minikube with a home and a kubeconfig of the profile's own, so that no other profile or kubeconfig is touched."""

from __future__ import annotations

import os
import subprocess
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
    """The minikube program, bound to a profile. ``lock`` is an open file that a call's process holds as long as it lives."""

    program: str
    profile: Profile
    lock: int

    def start(self, options: StartOptions, timeout: int) -> str:
        """Starts the profile; returns "" or the last lines of a failure, which is no proof that the cluster is not there."""
        return self._call(["start", "--interactive=false", f"--wait-timeout={timeout}s", *options.command_line()], timeout + 60)

    def stop(self) -> None:
        """Stops the profile. Raises RunbookError where it does not stop."""
        failure = self._call(["stop"], _STOP_SECONDS)
        if failure:
            raise RunbookError(f"`minikube stop -p {self.profile.name}` failed:\n{failure}")

    def _call(self, arguments: list[str], timeout: int) -> str:
        command = [self.program, *arguments, "--profile", self.profile.name]
        environment = {**os.environ, **_QUIET, "MINIKUBE_HOME": str(self.profile.home), "KUBECONFIG": str(self.profile.kubeconfig)}
        try:
            result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    text=True, errors="replace", timeout=timeout, pass_fds=(self.lock,), check=False)
        except subprocess.TimeoutExpired as error:
            return f"no end within {timeout} s; its last lines:\n{_last_lines(error.output)}"
        except OSError as error:
            raise RunbookError(f"{self.program} can't be run: {error.strerror}. Give another program with the option minikube.") from error
        return _last_lines(result.stdout) or f"exit code {result.returncode}" if result.returncode else ""


def _last_lines(output: str | bytes | None) -> str:
    text = output.decode(errors="replace") if isinstance(output, bytes) else output or ""
    return "\n".join(text.strip().splitlines()[-_LAST_LINES:])
