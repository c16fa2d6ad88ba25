# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sends requests from inside a container, with the first of its programs that can."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from ..clients.cluster.access import FORBIDDEN, GRANT, not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError, Unreachable
from ..clients.cluster.exec import Execution, execute
from ..errors import RunbookError
from .model import HttpRequest, HttpResponse, ProbeTarget
from .programs import PROGRAMS

STARTUP_TIME = 15  # seconds that a program may take to start, besides the requests


@dataclass
class Container:
    """A container that requests are sent from. ``program`` is what sent them, ``timeout`` the seconds for each request."""

    cluster: Cluster = field(repr=False)
    target: ProbeTarget
    timeout: int
    program: str = ""
    _programs: tuple = PROGRAMS

    def send(self, requests: list[HttpRequest]) -> list[HttpResponse]:
        """The responses in their order. Raises RunbookError if nothing can be sent from the container."""
        attempts = []
        for program in self._programs:
            marker = secrets.token_hex(16)
            command, stdin = program.command_of(requests, self.timeout, marker), program.stdin_of(requests, self.timeout, marker)
            done = self.execute(command, stdin, self.timeout * len(requests))
            result = program.read(done.stdout.decode(errors="replace"), marker)
            if result:
                self._programs = (program,)
                self.program, responses = result
                return responses
            attempts.append(f"{program.command[0]} ({failure_of(done)})")
        raise RunbookError(
            f"Container {self.target.container} of {self.target.description} has no program that can send HTTP requests; tried: {', '.join(attempts)}. "
            "Name a container with python3 (3.8 or later), node (18 or later), or sh with curl or wget in the option container."
        )

    def execute(self, command: list[str], stdin: bytes, seconds: int) -> Execution:
        """Runs a program that takes at most ``seconds`` besides its start. Raises RunbookError if it can't be run, or takes longer."""
        target, seconds = self.target, seconds + STARTUP_TIME
        where = f"Container {target.container} of {target.description}"
        try:
            return execute(self.cluster, target.pod, target.namespace, target.container, command, stdin, seconds)
        except TimeoutError as error:
            step = "Check whether the container is paused or its node is overloaded."
            raise RunbookError(f"{where}: {command[0]} did not finish within {seconds} s. {step}") from error
        except ApiError as error:
            raise _exec_failure(error, where, target) from error
        except Unreachable as error:
            raise RunbookError(f"{where}: no program can be run: {error}") from error


def failure_of(done: Execution) -> str:
    """Why a program gave no answer, for a message."""
    output = done.stderr.decode(errors="replace").strip()
    if not output and done.is_missing and (done.code or "not found" in done.message):
        return "not found"
    return (output or done.message or f"exit code {done.code}").splitlines()[-1][:200]


def _exec_failure(error: ApiError, where: str, target: ProbeTarget) -> RunbookError:
    if error.status != FORBIDDEN:
        return RunbookError(f"{where}: no program can be run: {error} If the pod was replaced in the meantime, run the task again.")
    missing = [f"{verb} pods/exec in namespace {target.namespace}" for verb in ("get", "create")]
    return not_allowed("get and create pods/exec", target.namespace, f"to run a program in {where}", f"{GRANT} {error}", missing)
