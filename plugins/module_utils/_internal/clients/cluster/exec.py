# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a command in a running container."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field

from .channels import EXEC, Channels
from .client import Cluster
from .kinds import path_of

STDIN, STDOUT, STDERR, STATUS = 0, 1, 2, 3
CUT_OFF = "the connection ended without a status"
MAX_OUTPUT = 64 * 1024 * 1024  # bytes; nothing here expects more


@dataclass(frozen=True)
class Execution:
    """The result of a command. ``code`` is None where it could not be started; ``message`` is the kubelet's reason then."""

    code: int | None
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    message: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the container has no such program, or cannot execute it."""
        return self.code in (None, 126, 127)

    @property
    def is_cut_off(self) -> bool:
        """Whether the connection ended before the command reported its status."""
        return self.message == CUT_OFF


def execute(
    cluster: Cluster, pod: str, namespace: str, container: str, command: list[str], stdin: bytes = b"", timeout: float = 30
) -> Execution:
    """Runs a command and waits for its end. The command must know by itself where ``stdin`` ends, say after a line.

    Raises ApiError where the API refuses (403, or 404 and 500 where the container does not run), Unreachable where the
    connection breaks, TimeoutError after ``timeout`` seconds.
    """
    query = [("container", container), ("stdout", "true"), ("stderr", "true"), ("stdin", str(bool(stdin)).lower())]
    query += [("command", word) for word in command]
    channels = Channels.open(cluster, path_of("Pod", namespace, pod, "exec"), query, EXEC)
    deadline = time.monotonic() + timeout
    received: dict[int, bytearray] = {STDOUT: bytearray(), STDERR: bytearray(), STATUS: bytearray()}
    try:
        if stdin:
            channels.send(STDIN, stdin)
        while (piece := channels.receive(deadline)) is not None:
            channel, data = piece
            if channel in received:
                received[channel] += data
            if sum(map(len, received.values())) > MAX_OUTPUT:
                raise TimeoutError(f"the output is longer than {MAX_OUTPUT} bytes")
    finally:
        channels.close()
    code, message = _exit_status(bytes(received[STATUS]))
    return Execution(code, bytes(received[STDOUT]), bytes(received[STDERR]), message)


def _exit_status(status: bytes) -> tuple[int | None, str]:
    """Exit code and message from the Status object at the end of the stream."""
    try:
        result = json.loads(status)
    except ValueError:
        return None, CUT_OFF
    if result.get("status") == "Success":
        return 0, ""
    causes = (result.get("details") or {}).get("causes") or []
    code = next((cause.get("message") for cause in causes if cause.get("reason") == "ExitCode"), None)
    return (int(code) if code and code.isdigit() else None), result.get("message") or ""
