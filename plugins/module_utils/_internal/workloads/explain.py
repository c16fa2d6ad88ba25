# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The failure of a rollout as a message: what, where, since when, the last log lines, what to do next."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from ..clients.cluster.client import Cluster
from .logs import with_logs
from .model import COMPLETE, FAILED, PROGRESSING, Cause, RolloutStatus, WorkloadStatus
from .wait import WaitResult

TYPES = {"container": "container", "init": "init container", "sidecar": "sidecar container"}
RETURNED = (
    "workload", "pod", "container", "container_type", "reason", "category", "message", "exit_code", "restarts", "pods", "log", "hint",
)  # fmt: skip


def failure_report(cluster: Cluster, namespace: str, result: WaitResult, timeout: int, log_lines: int) -> tuple[str, list[Cause]]:
    """The message, and the causes with their logs, which are read here."""
    causes = with_logs(cluster, namespace, result.status.causes, log_lines)
    expired = timeout if result.timed_out else None
    return failure_message(result.status, causes, namespace, cluster.now(), expired, result.outage), causes


def as_data(cause: Cause) -> dict:
    """A cause as the module returns it."""
    fields = asdict(cause)
    return {**{name: fields[name] for name in RETURNED}, "since": cause.since.isoformat(timespec="seconds") if cause.since else None}


def failure_message(
    status: RolloutStatus, causes: list[Cause], namespace: str, now: datetime, timeout: int | None, outage: str = ""
) -> str:
    """The message. ``timeout``: the seconds that were exceeded, None if the failure was certain earlier. Pure."""
    parts = [f"The rollout in namespace {namespace} is not complete after {timeout} s."] if timeout is not None else []
    if outage:
        parts.append(f"At the end the API server did not answer: {outage}")
    for one in status.workloads:
        if one.state == FAILED:
            own = [cause for cause in causes if cause.workload == str(one.workload)]
            parts += [f"{missing_text(one)}."] if timeout is not None and own else []
            parts += [cause_text(cause, namespace, now) for cause in own] or [_without_cause(one)]
    parts += _other_workloads(status)
    return "\n\n".join(parts)


def cause_text(cause: Cause, namespace: str, now: datetime) -> str:
    """One cause in a few lines."""
    lines = [f"{cause.workload} in namespace {namespace}: {cause_clause(cause, now)}."]
    if cause.message:
        lines.append(f"Message from Kubernetes: {cause.message}")
    if cause.log:
        lines.append("Last log lines of its previous run:" if cause.previous_log else "Last log lines:")
        lines += [f"  | {line}" for line in cause.log.splitlines()]
    if cause.hint:
        lines.append(f"Next: {cause.hint}")
    return "\n".join(lines)


def cause_clause(cause: Cause, now: datetime) -> str:
    """One cause as a clause: container and pod, what is wrong, reason, exit code, restarts, and for how long."""
    return f"{_subject(cause)}{cause.summary}{_circumstances(cause, now)}"


def missing_text(status: WorkloadStatus) -> str:
    """What is not ready yet of a workload, in one sentence."""
    return f"{status.workload}: {'; '.join(status.missing) or 'no details available'}"


def duration(seconds: int) -> str:
    """Seconds in larger units: 45 s, 3 min 20 s, 2 h 5 min."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _subject(cause: Cause) -> str:
    if cause.pod is None:
        return ""
    others = f" (and {cause.pods - 1} more)" if cause.pods > 1 else ""
    if cause.container is None:
        return f"pod {cause.pod}{others} "
    return f"{TYPES[cause.container_type or 'container']} {cause.container} of pod {cause.pod}{others} "


def _circumstances(cause: Cause, now: datetime) -> str:
    facts = [cause.reason]
    if cause.exit_code is not None:
        facts.append(f"exit code {cause.exit_code}")
    if cause.restarts:
        facts.append(f"{cause.restarts} restart{'s' if cause.restarts > 1 else ''}")
    age = max(int((now - cause.since).total_seconds()), 0) if cause.since else None
    since = f", for {duration(age)}" if age else ""
    return f" ({', '.join(facts)}){since}"


def _without_cause(status: WorkloadStatus) -> str:
    describe = f"kubectl describe {status.workload.kind.lower()} {status.workload.name}"
    return f"{missing_text(status)}.\nNext: Check its pods and events ({describe})."


def _other_workloads(status: RolloutStatus) -> list[str]:
    progressing = [missing_text(one) for one in status.workloads if one.state == PROGRESSING]
    complete = [str(one.workload) for one in status.workloads if one.state == COMPLETE]
    parts = ["Still in progress:\n" + "\n".join(f"  {line}" for line in progressing)] if progressing else []
    return parts + ([f"Complete: {', '.join(complete)}"] if complete else [])
