# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes of failure in the status of a pod's containers. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from ..workloads.fields import containers_of, first_seen, time_of
from ..workloads.model import Cause, WaitOptions
from ..workloads.snapshot import Snapshot
from .container_issue import ContainerIssue, failure_events, hook_message, is_killed_by_probe, issue_of, probe_message
from .rules import CRASH, FATAL, PROGRESSING, Rule

DAPR_PORTS = ("3500", "3501", "50001")
SIGKILLED = 128 + 9  # exit code
UNPULLED = ("registry_unreachable", "image_not_found", "image_unauthorized", "image_pull")
ALWAYS = (
    "Its imagePullPolicy is Always (the default for the tag latest), so an image in the node is not used: if it was built or loaded there, set "
    "imagePullPolicy: IfNotPresent."
)


def container_causes(workload: str, pod: dict, snapshot: Snapshot) -> list[Cause]:
    """The causes of all containers of a pod that have an issue, in the order in which they start."""
    events = snapshot.events_of(pod)
    causes = []
    for spec, status, kind in containers_of(pod):
        issue = issue_of(status, kind, events) if status else None
        if issue and issue.rule.severity != PROGRESSING:
            causes.append(_cause(workload, pod, spec, status, kind, issue, snapshot))
        elif kind == "init" and "running" in (status.get("state") or {}):
            causes.append(_slow_init(workload, pod, spec, status, snapshot))
    return causes


def unready_causes(workload: str, pod: dict, snapshot: Snapshot) -> list[Cause]:
    """Running containers that are not ready. These are only suspected causes, as a start may take any time."""
    causes = []
    for spec, status, kind in containers_of(pod):
        running = (status.get("state") or {}).get("running")
        if kind != "init" and running and not status.get("ready"):
            causes.append(_unready(workload, pod, spec, kind, running, snapshot))
    return causes


def waits_for_own_sidecar(spec: dict) -> bool:
    """Whether an init container's script connects to the pod's own Dapr sidecar, which starts only after it."""
    script = " ".join([*(spec.get("command") or []), *(spec.get("args") or [])])
    ports = re.findall(r"(?:localhost|127\.0\.0\.1)[:\s]+(\d+)", script)
    return any(port in DAPR_PORTS for port in ports)


def _cause(workload: str, pod: dict, spec: dict, status: dict, kind: str, issue: ContainerIssue, snapshot: Snapshot) -> Cause:
    rule, restarts = issue.rule, status.get("restartCount", 0)
    since = _since(pod, status, rule, snapshot)
    cause = Cause(
        workload=workload, pod=pod["metadata"]["name"], container=spec["name"], container_type=kind,
        reason=_shown_reason(status, issue), category=rule.category, summary=rule.summary, hint=rule.hint,
        message=issue.message.strip(), since=since, fatal_at=_fatal_at(rule, since, restarts, snapshot.options),
        exit_code=(issue.terminated or {}).get("exitCode"), restarts=restarts, previous_log=issue.previous,
    )
    return _refined(cause, spec, snapshot.events_of(pod))


def _refined(cause: Cause, spec: dict, events: list[dict]) -> Cause:
    """The cause, with what the events and the container's spec tell beyond its status."""
    if cause.category in ("crash", "exits_immediately"):
        hook = hook_message(events, spec["name"])
        if hook:
            return _failed_hook(cause, hook)
        if is_killed_by_probe(events, spec["name"]):
            return _killed_by_probe(cause, probe_message(events, spec["name"], ("Liveness", "Startup")))
    limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
    if cause.category == "crash" and cause.exit_code == SIGKILLED and limit:
        return replace(cause, hint=f"It was killed by SIGKILL, possibly for exceeding its memory limit ({limit}): compare its memory usage. " + cause.hint)
    if cause.category in UNPULLED and spec.get("imagePullPolicy") == "Always":
        return replace(cause, hint=f"{ALWAYS} {cause.hint}")
    return cause


def _failed_hook(cause: Cause, message: str) -> Cause:
    hint = "Correct lifecycle.postStart of the container. Run its command in the image to see what it prints."
    return replace(cause, category="hook_failed", summary="is killed because its postStart hook fails", message=message, hint=hint)


def _killed_by_probe(cause: Cause, message: str) -> Cause:
    hint = "Correct the probe, allow more time for the start (startupProbe), or check in the log why the probe fails."
    return replace(cause, category="killed_by_probe", summary="is killed because its probe fails", message=message, hint=hint)


def _shown_reason(status: dict, issue: ContainerIssue) -> str:
    """The reason as kubectl shows it: after a crash the waiting one, with that of the last run if it is more specific."""
    shown = ((status.get("state") or {}).get("waiting") or {}).get("reason")
    if shown == "CrashLoopBackOff" and issue.reason not in ("Error", "CrashLoopBackOff"):
        return f"{issue.reason}, {shown}"
    return shown or issue.reason


def _fatal_at(rule: Rule, since: datetime, restarts: int, options: WaitOptions) -> datetime | None:
    if rule.severity == FATAL:
        return since
    if rule.limit == "max_restarts":
        return since if restarts >= options.max_restarts else None
    return since + timedelta(seconds=getattr(options, rule.limit))


def _since(pod: dict, status: dict, rule: Rule, snapshot: Snapshot) -> datetime:
    """Since when the issue exists: as observed here, or earlier by the kubelet's events about the container's first start."""
    since = snapshot.observation.issue_start_times.get((pod["metadata"]["uid"], status["name"], rule.stage), snapshot.now)
    if rule.stage == CRASH or status.get("restartCount", 0) == 0:
        times = [first_seen(event) for event in failure_events(snapshot.events_of(pod), status["name"])]
        since = min([since, *filter(None, times)])
    return since


def _slow_init(workload: str, pod: dict, spec: dict, status: dict, snapshot: Snapshot) -> Cause:
    since = time_of(status["state"]["running"]["startedAt"])
    return Cause(
        workload=workload, pod=pod["metadata"]["name"], container=spec["name"], container_type="init", reason="InitRunning",
        category="init_running", summary="is still running, and the other containers start only after it has ended", hint=_init_hint(spec),
        since=since, fatal_at=since + timedelta(seconds=snapshot.options.init_timeout), restarts=status.get("restartCount", 0),
    )


def _init_hint(spec: dict) -> str:
    if waits_for_own_sidecar(spec):
        return (
            "It seems to wait for its own Dapr sidecar at localhost, which starts only after all init containers: a deadlock. "
            "Let it wait for the service dapr-api in dapr-system, or let the application itself wait."
        )
    return "Start what it waits for (see its log and command), or raise init_timeout if it needs that long."


def _unready(workload: str, pod: dict, spec: dict, kind: str, running: dict, snapshot: Snapshot) -> Cause:
    probe = probe_message(snapshot.events_of(pod), spec["name"], ("Readiness", "Startup"))
    return Cause(
        workload=workload, pod=pod["metadata"]["name"], container=spec["name"], container_type=kind, reason="NotReady",
        category="probe_fails", summary="is running but does not become ready", message=probe, since=time_of(running["startedAt"]),
        hint="Check in its log why the probe fails; correct the probe, or raise timeout if the start takes that long.",
    )
