# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls minikube with the profile's own home and kubeconfig, so that no other profile or kubeconfig is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import RunbookError
from .model import Profile
from .start_steps import reported_output, text_of

_LAST_LINES = 25
_STOP_TIMEOUT = 300  # seconds
_INTO_FILE = ("sh", "-c", 'exec "$@" >>"$0"')  # a file, then a command whose output it gets
_QUIET = {
    "MINIKUBE_IN_STYLE": "false",
    "MINIKUBE_WANTUPDATENOTIFICATION": "false",
    "MINIKUBE_SUPPRESS_DOCKER_PERFORMANCE": "true",
}


@dataclass(frozen=True)
class StartOptions:
    """The options of a new cluster. Empty text means minikube's own default; ``arguments`` are passed on unchanged."""

    cpus: int
    memory: str
    runtime: str
    version: str
    base_image: str
    arguments: tuple[str, ...]

    def command_line(self) -> list[str]:
        """The options as minikube's arguments."""
        optional = {"--container-runtime": self.runtime, "--kubernetes-version": self.version, "--base-image": self.base_image}
        line = ["--driver=docker", f"--cpus={self.cpus}", f"--memory={self.memory}", "--delete-on-failure=false"]
        line += [f"{name}={value}" for name, value in optional.items() if value]
        return [*line, *(["--force"] if os.geteuid() == 0 else []), *self.arguments]


@dataclass(frozen=True)
class Minikube:
    """The minikube program, bound to a profile.

    ``run_command`` is an AnsibleModule's; ``lock`` is an open file that each process inherits, which keeps the lock until it ends.
    ``report`` is called with each step of a start.
    """

    program: str
    profile: Profile
    run_command: Callable
    lock: int
    report: Callable[[str], None] | None = None

    def start(self, options: StartOptions, timeout: int) -> str:
        """Starts the profile; returns "" or the last lines of a failure. The cluster may run in spite of a failure."""
        arguments = ["start", "--interactive=false", f"--wait-timeout={timeout}s", *options.command_line()]
        if not self.report:
            return self._call(arguments, timeout + 60)
        with reported_output(self.report) as file:
            return self._call([*arguments, "--output=json"], timeout + 60, file)

    def stop(self) -> None:
        """Stops the profile. Raises RunbookError where that fails."""
        failure = self._call(["stop"], _STOP_TIMEOUT)
        if failure:
            raise RunbookError(f"`minikube stop -p {self.profile.name}` failed:\n{failure}")

    def _call(self, arguments: list[str], seconds: int, output_file: str = "") -> str:
        """Returns "" or the last lines of a failure. ``output_file``: gets the output, as JSON, while the command runs."""
        command = ["timeout", "--foreground", str(seconds), self.program, *arguments, "--profile", self.profile.name]
        command = [*_INTO_FILE, output_file, *command] if output_file else command
        environment = {**_QUIET, "MINIKUBE_HOME": str(self.profile.minikube_home), "KUBECONFIG": str(self.profile.kubeconfig)}
        status, output, stderr = self.run_command(command, environ_update=environment, errors="replace", pass_fds=(self.lock,))
        if status == 0:
            return ""
        output += text_of(Path(output_file).read_text(encoding="utf-8", errors="replace")) + "\n" if output_file else ""
        return "\n".join((output + stderr).strip().splitlines()[-_LAST_LINES:]) or f"exit code {status}"
