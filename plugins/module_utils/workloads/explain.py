# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The failure as a colleague would tell it: what, where, since when, the last log lines, what to do next. Pure."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, FAILED, PROGRESSING, Cause, State, Verdict

TYPES = {"container": "container", "init": "init container", "sidecar": "sidecar container"}
SHOWN = ("workload", "pod", "container", "container_type", "reason", "category", "message", "exit_code", "restarts", "pods", "log", "hint")


def as_data(cause: Cause) -> dict:
    """A cause as it stands in the module's result."""
    fields = asdict(cause)
    return {**{name: fields[name] for name in SHOWN}, "since": cause.since.isoformat(timespec="seconds") if cause.since else None}


def failure_message(verdict: Verdict, causes: list[Cause], namespace: str, now: datetime, timeout: int | None, outage: str = "") -> str:
    """The whole message. ``timeout``: the seconds that ran out, None where the failure is certain before."""
    parts = [f"The rollout in namespace {namespace} is not complete after {timeout} s."] if timeout is not None else []
    if outage:
        parts.append(f"At the end the API server did not answer: {outage}")
    for state in verdict.states:
        if state.state == FAILED:
            own = [cause for cause in causes if cause.workload == str(state.workload)]
            parts += [f"{waiting_text(state)}."] if timeout is not None and own else []
            parts += [cause_text(cause, namespace, now) for cause in own] or [_lacking(state)]
    parts += _others(verdict)
    return "\n\n".join(parts)


def cause_text(cause: Cause, namespace: str, now: datetime) -> str:
    """One cause in a few lines."""
    lines = [f"{cause.workload} in namespace {namespace}: {_subject(cause)}{cause.says}{_circumstances(cause, now)}."]
    if cause.message:
        lines.append(f"Kubernetes says: {cause.message}")
    if cause.log:
        lines.append("Last lines of its log, from the run before:" if cause.previous_log else "Last lines of its log:")
        lines += [f"  | {line}" for line in cause.log.splitlines()]
    if cause.hint:
        lines.append(f"Next: {cause.hint}")
    return "\n".join(lines)


def waiting_text(state: State) -> str:
    """What a workload still lacks, in one sentence."""
    return f"{state.workload}: {'; '.join(state.missing) or 'nothing known'}"


def _subject(cause: Cause) -> str:
    if cause.pod is None:
        return ""
    others = f" (and {cause.pods - 1} more)" if cause.pods > 1 else ""
    if cause.container is None:
        return f"pod {cause.pod}{others} "
    return f"{TYPES[cause.container_type]} {cause.container} of pod {cause.pod}{others} "


def _circumstances(cause: Cause, now: datetime) -> str:
    facts = [cause.reason]
    if cause.exit_code is not None:
        facts.append(f"exit code {cause.exit_code}")
    if cause.restarts:
        facts.append(f"{cause.restarts} restart{'s' if cause.restarts > 1 else ''}")
    age = max(int((now - cause.since).total_seconds()), 0) if cause.since else None
    since = f", for {duration(age)}" if age else ""
    return f" ({', '.join(facts)}){since}"


def duration(seconds: int) -> str:
    """Seconds as a person says them: 45 s, 3 min 20 s, 2 h 5 min."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _lacking(state: State) -> str:
    described = f"kubectl describe {state.workload.kind.lower()} {state.workload.name}"
    return f"{waiting_text(state)}.\nNext: look at its pods and events ({described})."


def _others(verdict: Verdict) -> list[str]:
    going = [waiting_text(state) for state in verdict.states if state.state == PROGRESSING]
    done = [str(state.workload) for state in verdict.states if state.state == COMPLETE]
    parts = ["Still on the way:\n" + "\n".join(f"  {line}" for line in going)] if going else []
    return parts + ([f"Complete: {', '.join(done)}"] if done else [])
