# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs programs inside a node, as root."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterable

from ...errors import RunbookError

LAST_CHARACTERS = 500  # of a program's standard error, in a message
ANSWER_TIMEOUT = 60  # seconds for a program without input
STALL_TIMEOUT = 300  # seconds in which a program takes nothing of its input, or does not end after the end of it: a node unpacks an image then
POLL_INTERVAL = 1  # seconds


class ShellError(RunbookError):
    """A program in the node failed, or could not be run. ``stderr`` is what it wrote to standard error."""

    def __init__(self, message: str, stderr: str = ""):
        super().__init__(message)
        self.stderr = stderr


class NodeShell:
    """``prefix`` is the command that runs another one inside the node; ``name`` is the node's name in messages.

    ``as_text`` means that the node expects the command as a single text for its shell, as ssh does.
    """

    def __init__(self, prefix: list[str], name: str, environment: dict[str, str] | None = None, as_text: bool = False):
        self._prefix = prefix
        self.name = name
        self._environment = environment
        self._as_text = as_text

    def run(self, *command: str, stdin: Iterable[bytes] = ()) -> str:
        """The command's output, with the pieces of ``stdin`` streamed to it. Raises ShellError where it fails.

        An exception of the stream is raised again. The command then gets an end of file, so the stream must mark its own end.
        """
        reading, writing = os.pipe()
        writer = _StdinWriter(writing, stdin)
        writer.start()
        try:
            status, stdout, stderr = self._communicate(command, reading, writer, STALL_TIMEOUT if stdin else ANSWER_TIMEOUT)
        except OSError as error:
            raise ShellError(f"The program {self._prefix[0]} cannot be run: {error.strerror}. Install it, or correct its path.") from None
        finally:
            os.close(reading)
            writer.join()
        if writer.error:
            raise writer.error
        if status:
            raise self._failure(command, status, stderr.decode(errors="replace").strip())
        if not writer.complete:  # the docker command exits with 0 where its connection is lost
            raise ShellError(f"{self.name}: {command[0]} ended before it had read all input; the connection to the node may have been lost.")
        return stdout.decode(errors="replace")

    def _communicate(self, command: tuple[str, ...], stdin: int, writer: _StdinWriter, timeout: float) -> tuple[int, bytes, bytes]:
        """Exit code and output of the command. Ends it, with what it has started, after ``timeout`` seconds without progress, and if this is interrupted."""
        # AnsibleModule.run_command takes its input as a whole, and an image is a gigabyte
        with subprocess.Popen(  # pylint: disable=ansible-bad-function
            self._command_line(command), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self._environment, start_new_session=True
        ) as process:
            try:
                while True:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        stdout, stderr = process.communicate(timeout=POLL_INTERVAL)
                        return process.returncode, stdout, stderr
                    if time.monotonic() - writer.last_progress > timeout:
                        raise ShellError(f"{self.name}: {command[0]} has made no progress for {timeout} s, and was ended. Check the node: minikube status")
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise

    def _command_line(self, command: tuple[str, ...]) -> list[str]:
        return [*self._prefix, *([shlex.join(command)] if self._as_text else command)]

    def _failure(self, command: tuple[str, ...], status: int, stderr: str) -> ShellError:
        return ShellError(f"{self.name}: {command[0]} failed with exit code {status}: {stderr[-LAST_CHARACTERS:] or 'no error output'}", stderr)


class _StdinWriter(threading.Thread):
    """Writes pieces into a pipe. ``complete`` says whether all were read, ``error`` is what the pieces raised, if they did."""

    def __init__(self, pipe: int, pieces: Iterable[bytes]):
        super().__init__(daemon=True)
        self._pipe = pipe
        self._pieces = pieces
        self.complete = False
        self.last_progress = time.monotonic()
        self.error: Exception | None = None

    def run(self):
        """Ends early where the command has ended: its exit code and its output explain why."""
        try:
            with open(self._pipe, "wb") as pipe:
                for piece in self._pieces:
                    pipe.write(piece)
                    self.last_progress = time.monotonic()
            self.complete = True
        except BrokenPipeError:
            return
        except Exception as error:  # it is raised again by the caller, which waits in another thread
            self.error = error
