# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pod_logs_info returns. Pure."""

from __future__ import annotations

import shlex

from .observe import Log
from .options import LogOptions


def report(logs: list[Log], options: LogOptions) -> dict:
    """The module's result."""
    commands = follow_commands(logs, options)
    following = [f"To follow: {command}" for command in commands]
    return {
        "logs": [_log_data(log) for log in logs], "matches": sum(log.matches for log in logs), "follow_commands": commands,
        "summary": [*(line for log in logs for line in _text(log, options)), *following],
    }


def follow_commands(logs: list[Log], options: LogOptions) -> list[str]:
    """The lines of kubectl that follow the same logs, one for each workload."""
    named = {log.target.workload: log.target.container for log in logs}
    return [_command(workload, container, options) for workload, container in named.items()]


def _command(workload, container: str, options: LogOptions) -> str:
    what = ["-l", options.label_selector or "", "--prefix", "--max-log-requests=20"] if workload is None else [f"{workload.kind.lower()}/{workload.name}"]
    words = ["kubectl", *options.connection, "-n", options.namespace, "logs", "-f", f"--tail={options.lines}", *what, "-c", container]
    search = ["grep", "--line-buffered", "-E", options.pattern.pattern] if options.pattern else []
    return " | ".join(shlex.join(part) for part in (words, search) if part)


def _log_data(log: Log) -> dict:
    return {"pod": log.target.pod, "container": log.target.container, "lines": list(log.lines), "matches": log.matches, "problem": log.problem}


def _text(log: Log, options: LogOptions) -> list[str]:
    run = ", previous run" if options.previous else ""
    head = f"Pod {log.target.pod}, container {log.target.container}{run}"
    if log.problem:
        return [f"{head}: {log.problem}."]
    if not log.lines:
        return [f"{head}: {'no line matches' if options.pattern else 'the log is empty'}."]
    shown = f"the last {len(log.lines)} of {log.matches} lines that match" if options.pattern else f"the last {len(log.lines)} lines"
    return [f"{head}: {shown}", *(f"  {line}" for line in log.lines)]
