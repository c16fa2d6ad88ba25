# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a container can make HTTP requests, in the order in which it is tried. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity import drivers, shell
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import Answer, Request


@dataclass(frozen=True)
class Driver:
    """An interpreter whose program stands in ``command`` and reads its task on standard input. ``name`` is what the result calls it."""

    name: str
    command: tuple[str, ...]

    def command_of(self, _requests: list[Request], _timeout: int, _marker: str) -> list[str]:
        """The command to be run in the container."""
        return list(self.command)

    def stdin_of(self, requests: list[Request], timeout: int, marker: str) -> bytes:
        """What it reads."""
        return drivers.task_of(requests, timeout, marker)

    def read(self, output: str, marker: str) -> tuple[str, list[Answer]] | None:
        """(what answered, its answers), None where there is none."""
        answers = drivers.answers_of(output, marker)
        return None if answers is None else (self.name, answers)


@dataclass(frozen=True)
class Shell:
    """As Driver, with sh and what it finds of curl and wget; the requests are part of its script."""

    name: str = "sh"
    command: tuple[str, ...] = ("sh", "-c")

    def command_of(self, requests: list[Request], timeout: int, marker: str) -> list[str]:
        """See Driver."""
        return [*self.command, shell.script_of(requests, timeout, marker)]

    def stdin_of(self, _requests: list[Request], _timeout: int, _marker: str) -> bytes:
        """See Driver."""
        return b""

    def read(self, output: str, marker: str) -> tuple[str, list[Answer]] | None:
        """See Driver."""
        told = shell.answers_of(output, marker)
        return told and (f"{self.name}+{told[0]}", told[1])


# -I: a module of the application's working directory must not be taken for one of Python's own.
PROGRAMS: tuple[Driver | Shell, ...] = (
    Driver("python", ("python3", "-I", "-c", drivers.PYTHON)),
    Driver("python", ("python", "-I", "-c", drivers.PYTHON)),
    Driver("node", ("node", "-e", drivers.NODE)),
    Shell(),
)
