# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs programs inside a node, as root."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
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
        """What the command prints, given the pieces of ``stdin`` as they come. Raises ShellError where it fails.

        What the stream itself raises passes through. The command then sees its end, so a stream must tell of being whole at its end.
        """
        reading, writing = os.pipe()
        feeder = _Feeder(writing, stdin)
        feeder.start()
        try:
            # AnsibleModule.run_command takes its input as a whole, and an image is a gigabyte
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                self._whole(command), stdin=reading, capture_output=True, env=self._environment, check=False
            )
        except OSError as error:
            raise ShellError(f"The program {self._prefix[0]} cannot be run: {error.strerror}. Install it, or correct its path.") from None
        finally:
            os.close(reading)
            feeder.join()
        if feeder.error:
            raise feeder.error
        if done.returncode:
            raise self._failure(command, done.returncode, done.stderr.decode(errors="replace").strip())
        if not feeder.whole:  # the docker command ends with 0 where its line is cut
            raise ShellError(f"{self.where}: {command[0]} ended before it had read all; was the line to it cut?")
        return done.stdout.decode(errors="replace")

    def _whole(self, command: tuple[str, ...]) -> list[str]:
        return [*self._prefix, *([shlex.join(command)] if self._as_text else command)]

    def _failure(self, command: tuple[str, ...], status: int, said: str) -> ShellError:
        return ShellError(f"{self.where}: {command[0]} ended with {status}: {said[-LAST_CHARACTERS:] or 'it said nothing'}", said)


class _Feeder(threading.Thread):
    """Writes pieces into a pipe. ``whole`` says whether all were taken, ``error`` what the pieces raised, if they did."""

    def __init__(self, pipe: int, pieces: Iterable[bytes]):
        super().__init__(daemon=True)
        self._pipe = pipe
        self._pieces = pieces
        self.whole = False
        self.error: Exception | None = None

    def run(self):
        """Ends early where the command has ended: its status and its words say why."""
        try:
            with open(self._pipe, "wb") as pipe:
                for piece in self._pieces:
                    pipe.write(piece)
            self.whole = True
        except BrokenPipeError:
            return
        except Exception as error:  # it belongs to the caller, who waits in another thread
            self.error = error
