# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log lines that go with a cause: those of the right container, and of its former run after a crash."""

from __future__ import annotations

import time
from dataclasses import replace

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Cause

WITH_LOG = ("crash", "ends_at_once", "out_of_memory", "probe_kills", "probe_fails", "init_running", "start_failed")
WRONG_ARCHITECTURE = "exec format error"
PAUSES = (0, 0.3, 0.6)  # seconds before each attempt
MAX_LOGS = 10  # causes beyond these get none: a failure has to be told within seconds


def with_logs(cluster: Cluster, namespace: str, causes: list[Cause], lines: int) -> list[Cause]:
    """The causes with their last log lines, at most ``lines`` each; 0 reads none."""
    wanted = [cause for cause in causes if lines and cause.container and cause.category in WITH_LOG][:MAX_LOGS]
    return [refined(replace(cause, log=_read(cluster, namespace, cause, lines))) if cause in wanted else cause for cause in causes]


def refined(cause: Cause) -> Cause:
    """A crash whose log names what the status does not: a program of another architecture. Pure."""
    if cause.category != "crash" or WRONG_ARCHITECTURE not in cause.log:
        return cause
    return replace(
        cause, category="wrong_architecture", says="can't be executed: its program is made for another architecture, or is no program",
        hint="Build the image for the node's platform (kubectl get nodes -L kubernetes.io/arch); a script needs #! in its first line.",
    )


def _read(cluster: Cluster, namespace: str, cause: Cause, lines: int) -> str:
    """Where the container starts again just now, the log of its former run is gone, and that of the new one still empty: asked again."""
    try:
        for pause in PAUSES if cause.previous_log else PAUSES[:1]:
            time.sleep(pause)
            text = _last_lines(cluster, namespace, cause, lines)
            if text:
                return text
        return ""
    except (ApiError, Unreachable) as error:
        return f"(the log can't be read: {error})"


def _last_lines(cluster: Cluster, namespace: str, cause: Cause, lines: int) -> str:
    text = cluster.logs(cause.pod, namespace, cause.container, lines=lines, previous=cause.previous_log)
    if not text and cause.previous_log:
        text = cluster.logs(cause.pod, namespace, cause.container, lines=lines)
    return text.rstrip()
