# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a command in a running container."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.channels import EXEC, Channels
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.kinds import path_of

STDIN, STDOUT, STDERR, STATUS = 0, 1, 2, 3
CUT_OFF = "the connection ended without a status"
LIMIT = 64 * 1024 * 1024  # bytes of an answer; more is no answer that anything here asks for


@dataclass(frozen=True)
class Execution:
    """How a command ended. ``code`` is None where it could not be started at all; ``message`` is the kubelet's word then."""

    code: int | None
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    message: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the container has no such program, or none that it can run."""
        return self.code in (None, 126, 127)

    @property
    def is_cut_off(self) -> bool:
        """Whether the connection ended before the command did, as far as is known."""
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
            if sum(map(len, received.values())) > LIMIT:
                raise TimeoutError(f"the answer is longer than {LIMIT} bytes")
    finally:
        channels.close()
    code, message = _ended(bytes(received[STATUS]))
    return Execution(code, bytes(received[STDOUT]), bytes(received[STDERR]), message)


def _ended(status: bytes) -> tuple[int | None, str]:
    """Exit code and message out of the Status object at the end of the stream."""
    try:
        told = json.loads(status)
    except ValueError:
        return None, CUT_OFF
    if told.get("status") == "Success":
        return 0, ""
    causes = (told.get("details") or {}).get("causes") or []
    code = next((cause.get("message") for cause in causes if cause.get("reason") == "ExitCode"), None)
    return (int(code) if code and code.isdigit() else None), told.get("message") or ""
