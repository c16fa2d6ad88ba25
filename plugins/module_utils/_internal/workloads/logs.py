# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log lines of a cause: those of its container, after a crash those of the previous run."""

from __future__ import annotations

import re
import time
from dataclasses import replace

from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError, Unreachable
from ..masking import without_accounts
from ..printable import visible_line
from .model import Cause

WITH_LOG = ("crash", "exits_immediately", "out_of_memory", "killed_by_probe", "probe_fails", "init_running", "start_failed")
WRONG_ARCHITECTURE = "exec format error"
NO_INTERPRETER = re.compile(r"exec \S+: no such file or directory")
MAX_LINE = 500  # characters
MAX_LOG = 20_000  # characters of all lines of a log
PAUSES = (0, 0.3, 0.6)  # seconds before each attempt
MAX_LOGS = 10  # causes with a log, so that a failure is reported within seconds


def with_logs(cluster: Cluster, namespace: str, causes: list[Cause], lines: int) -> list[Cause]:
    """The causes with their last log lines, at most ``lines`` each; 0 reads none."""
    chosen = [cause for cause in causes if lines and cause.container and cause.category in WITH_LOG][:MAX_LOGS]
    return [refined(replace(cause, log=_read(cluster, namespace, cause, lines))) if cause in chosen else cause for cause in causes]


def refined(cause: Cause) -> Cause:
    """A crash whose log shows what the status does not: a program that cannot be executed. Pure."""
    if cause.category != "crash":
        return cause
    if WRONG_ARCHITECTURE in cause.log:
        return replace(
            cause, category="wrong_architecture", summary="cannot be executed: its program is built for another architecture, or is not executable",
            hint="Build the image for the node's platform (kubectl get nodes -L kubernetes.io/arch); a script needs #! in its first line.",
        )
    if NO_INTERPRETER.search(cause.log):
        return replace(
            cause, category="interpreter_not_found", summary="cannot be executed: the image lacks the interpreter in the first line of its script",
            hint="Mostly the script has Windows line endings (CRLF): convert it (sed -i 's/\\r$//'), and set '*.sh text eol=lf' in .gitattributes. "
            "Otherwise install the interpreter, or correct the line with #!.",
        )
    return cause


def printable(text: str) -> str:
    """A log with bounded lines and length, with control characters made visible, and without users and passwords of URLs. Pure."""
    return "\n".join(visible_line(line, MAX_LINE) for line in without_accounts(text)[-MAX_LOG:].splitlines())


def _read(cluster: Cluster, namespace: str, cause: Cause, lines: int) -> str:
    """While a container is restarting, the log of its previous run is gone and the new one is still empty, so this is retried."""
    try:
        for pause in PAUSES if cause.previous_log else PAUSES[:1]:
            time.sleep(pause)
            text = _last_lines(cluster, namespace, cause, lines)
            if text:
                return text
        return ""
    except (ApiError, Unreachable) as error:
        return f"(could not read the log: {error})"


def _last_lines(cluster: Cluster, namespace: str, cause: Cause, lines: int) -> str:
    if cause.pod is None or cause.container is None:
        return ""
    pod, container = cause.pod or "", cause.container or ""
    text = cluster.logs(pod, namespace, container, lines=lines, previous=cause.previous_log)
    if not text and cause.previous_log:
        text = cluster.logs(pod, namespace, container, lines=lines)
    return printable(text.rstrip())
