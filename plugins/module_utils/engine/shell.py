# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs programs inside a node, as root."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Iterable

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

LAST_CHARACTERS = 500  # of what a program said, in a message


class ShellError(RunbookError):
    """A program in the node failed, or could not be run. ``said`` is what it wrote to standard error."""

    def __init__(self, message: str, said: str = ""):
        super().__init__(message)
        self.said = said


class NodeShell:
    """``prefix`` is the command that takes another one into the node; ``where`` names the node in messages.

    ``as_text`` says that the node takes the command as one text for its shell, as ssh does.
    """

    def __init__(self, prefix: list[str], where: str, environment: dict[str, str] | None = None, as_text: bool = False):
        self._prefix = prefix
        self.where = where
        self._environment = environment
        self._as_text = as_text

    def run(self, *command: str, stdin: Iterable[bytes] = ()) -> str:
        """What the command prints, given the pieces of ``stdin`` as they come. Raises ShellError where it fails."""
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
            process = self._start(command, printed, said)
            try:
                whole = _feed(process.stdin, stdin)
            except BaseException:
                process.kill()  # it must not take a cut-off stream for a whole one
                raise
            finally:
                status = process.wait()
            printed.seek(0)
            said.seek(0)
            if status:
                raise self._failure(command, status, said.read().decode(errors="replace").strip())
            if not whole:  # the docker command ends with 0 where its line is cut
                raise ShellError(f"{self.where}: {command[0]} ended before it had read all; was the line to it cut?")
            return printed.read().decode(errors="replace")

    def _start(self, command: tuple[str, ...], printed, said) -> subprocess.Popen:
        inside = [shlex.join(command)] if self._as_text else list(command)
        try:
            return subprocess.Popen([*self._prefix, *inside], stdin=subprocess.PIPE, stdout=printed, stderr=said, env=self._environment)
        except OSError as error:
            raise ShellError(f"The program {self._prefix[0]} cannot be run: {error.strerror}. Install it, or correct its path.") from None

    def _failure(self, command: tuple[str, ...], status: int, said: str) -> ShellError:
        return ShellError(f"{self.where}: {command[0]} ended with {status}: {said[-LAST_CHARACTERS:] or 'it said nothing'}", said)


def _feed(pipe, pieces: Iterable[bytes]) -> bool:
    """Writes all pieces; returns whether the command took them all. Where it ended first, its status and its words say why."""
    try:
        with pipe:
            for piece in pieces:
                pipe.write(piece)
    except BrokenPipeError:
        return False
    return True
