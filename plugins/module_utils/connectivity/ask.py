# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries requests out inside a container, with the first program of it that can."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.exec import Execution, execute
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import Answer, Request, Target
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.programs import PROGRAMS
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

GRACE = 15  # seconds that a program may take to start, beside the requests


@dataclass
class Container:
    """A container that is asked. ``program`` is what answered, ``timeout`` the seconds for each request."""

    cluster: Cluster = field(repr=False)
    target: Target
    timeout: int
    program: str = ""
    _programs: tuple = PROGRAMS

    def ask(self, requests: list[Request]) -> list[Answer]:
        """The answers in their order. Raises RunbookError where the container can't be asked."""
        tried = []
        for program in self._programs:
            marker = secrets.token_hex(16)
            done = self._run(program.command_of(requests, self.timeout, marker), program.stdin_of(requests, self.timeout, marker), len(requests))
            told = program.read(done.stdout.decode(errors="replace"), marker)
            if told:
                self._programs = (program,)
                self.program, answers = told
                return answers
            tried.append(f"{program.command[0]} ({_why(done)})")
        raise RunbookError(
            f"Container {self.target.container} of {self.target.where} has nothing that can make an HTTP request; tried: {', '.join(tried)}. "
            "Name a container with python3 (3.8 or later), node (18 or later), or sh with curl or wget in the option container."
        )

    def _run(self, command: list[str], stdin: bytes, number: int) -> Execution:
        target, seconds = self.target, self.timeout * number + GRACE
        where = f"Container {target.container} of {target.where}"
        try:
            return execute(self.cluster, target.pod, target.namespace, target.container, command, stdin, seconds)
        except TimeoutError as error:
            raise RunbookError(f"{where} did not end {command[0]} within {seconds} s. Is the container stopped, or its node overloaded?") from error
        except ApiError as error:
            raise _refusal(error, where, target) from error
        except Unreachable as error:
            raise RunbookError(f"{where} can't be asked: {error}") from error


def _why(done: Execution) -> str:
    said = done.stderr.decode(errors="replace").strip()
    if not said and done.is_missing and (done.code or "not found" in done.message):
        return "not there"
    return (said or done.message or f"code {done.code}").splitlines()[-1][:200]


def _refusal(error: ApiError, where: str, target: Target) -> RunbookError:
    if error.status != 403:
        return RunbookError(f"{where} can't be asked: {error} If the pod has gone meanwhile, run the task again.")
    return RunbookError(
        f"This user may not use pods/exec in namespace {target.namespace}, which is needed to ask from inside {where}: {error}. "
        "Allow get and create on pods/exec with a Role and a RoleBinding, or run as a user who may.",
        missing_permissions=[f"{verb} pods/exec in namespace {target.namespace}" for verb in ("get", "create")],
    )
