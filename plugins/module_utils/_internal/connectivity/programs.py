# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs of a container that can send HTTP requests, in the order in which they are tried. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from . import interpreters, shell
from .model import HttpRequest, HttpResponse


@dataclass(frozen=True)
class Interpreter:
    """An interpreter whose program is in ``command`` and reads its task from standard input. ``name``: as the result names it."""

    name: str
    command: tuple[str, ...]

    def command_of(self, _requests: list[HttpRequest], _timeout: int, _marker: str) -> list[str]:
        """The command that runs in the container."""
        return list(self.command)

    def stdin_of(self, requests: list[HttpRequest], timeout: int, marker: str) -> bytes:
        """Its standard input."""
        return interpreters.task_of(requests, timeout, marker)

    def read(self, output: str, marker: str) -> tuple[str, list[HttpResponse]] | None:
        """(the program, its responses), None if there are none."""
        responses = interpreters.responses_of(output, marker)
        return None if responses is None else (self.name, responses)


@dataclass(frozen=True)
class Shell:
    """The same with sh and either curl or wget; the requests are part of its script."""

    name: str = "sh"
    command: tuple[str, ...] = ("sh", "-c")

    def command_of(self, requests: list[HttpRequest], timeout: int, marker: str) -> list[str]:
        """See Interpreter."""
        return [*self.command, shell.script_of(requests, timeout, marker)]

    def stdin_of(self, _requests: list[HttpRequest], _timeout: int, _marker: str) -> bytes:
        """See Interpreter."""
        return b""

    def read(self, output: str, marker: str) -> tuple[str, list[HttpResponse]] | None:
        """See Interpreter."""
        result = shell.responses_of(output, marker)
        return result and (f"{self.name}+{result[0]}", result[1])


# -I: a module in the application's working directory must not shadow one of the standard library.
PROGRAMS: tuple[Interpreter | Shell, ...] = (
    Interpreter("python", ("python3", "-I", "-c", interpreters.PYTHON)),
    Interpreter("python", ("python", "-I", "-c", interpreters.PYTHON)),
    Interpreter("node", ("node", "-e", interpreters.NODE)),
    Shell(),
)
