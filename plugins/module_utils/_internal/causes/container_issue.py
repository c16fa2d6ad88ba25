# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a container's status means, by the rules, and the events about a container. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..clients.cluster.pods import is_active
from ..workloads.fields import containers_of, last_seen, time_of
from .reasons import TERMINATED, WAITING
from .rules import Rule, classify


@dataclass(frozen=True)
class ContainerIssue:
    """A problem of a container: the rule, and the reason and message of Kubernetes that it matched."""

    rule: Rule
    reason: str
    message: str
    terminated: dict | None  # the run that terminated, if there was one
    previous: bool  # whether that is the previous run


def issue_of(status: dict, kind: str, events: list[dict]) -> ContainerIssue | None:
    """The issue of a container, None if nothing is wrong. ``events``: those of its pod."""
    state = status.get("state") or {}
    last = (status.get("lastState") or {}).get("terminated")
    if "terminated" in state:
        return _terminated(state["terminated"], kind, previous=False)
    if "waiting" not in state:
        return None
    waiting = state["waiting"]
    reason, message = waiting.get("reason") or "", waiting.get("message") or ""
    if reason == "CrashLoopBackOff" and last:
        failure = _creation_failure(events, status["name"], last)
        if failure:
            return ContainerIssue(classify(WAITING, "CreateContainerError", failure), reason, failure, last, True)
        return _terminated(last, kind, previous=True) or ContainerIssue(classify(WAITING, reason, message), reason, message, last, True)
    if reason == "ImagePullBackOff" and '": ' not in message:  # a newer kubelet appends the error itself
        message = _pull_message(events, status["name"]) or message
    return ContainerIssue(classify(WAITING, reason, message), reason, message, last, last is not None)


def issue_start_times(pods: list[dict], events: dict[str, list[dict]], known: dict, now: datetime) -> dict:
    """(pod uid, container, stage) to the time since when the container is stuck there; ``known``: the previous result."""
    times = {}
    for pod in filter(is_active, pods):
        uid = pod["metadata"]["uid"]
        for _spec, status, kind in containers_of(pod):
            issue = issue_of(status, kind, events.get(uid, []))
            if issue and issue.rule.stage:
                key = (uid, status["name"], issue.rule.stage)
                times[key] = known.get(key, now)
    return times


def failure_events(events: list[dict], container: str) -> list[dict]:
    """The kubelet's events about failures of a container."""
    return [event for event in events if event.get("reason") in ("Failed", "BackOff") and _is_about(event, container)]


def probe_message(events: list[dict], container: str, probes: tuple[str, ...]) -> str:
    """The last message about a failed probe of one of these types."""
    unhealthy = [event for event in events if event.get("reason") == "Unhealthy" and _is_about(event, container)]
    unhealthy = [event for event in unhealthy if event["message"].startswith(probes)]
    return max(unhealthy, key=last_seen)["message"].strip() if unhealthy else ""


def is_killed_by_probe(events: list[dict], container: str) -> bool:
    """Whether the kubelet killed a container for its probe. A program that exits by itself may also have failed a probe before."""
    killing = [event["message"] for event in events if event.get("reason") == "Killing" and _is_about(event, container)]
    return any(f"failed {probe} probe" in message for message in killing for probe in ("liveness", "startup"))


def liveness_failed_at(events: list[dict], container: str) -> datetime | None:
    """When the liveness probe of a container failed last."""
    failed = [event for event in events if event.get("reason") == "Unhealthy" and _is_about(event, container)]
    return max((last_seen(event) for event in failed if event["message"].startswith("Liveness")), default=None)


def hook_message(events: list[dict], container: str) -> str:
    """The last message about a failed postStart hook, after which the kubelet kills the container."""
    failed = [event for event in events if event.get("reason") == "FailedPostStartHook" and _is_about(event, container)]
    return max(failed, key=last_seen)["message"].strip() if failed else ""


def _terminated(terminated: dict, kind: str, previous: bool) -> ContainerIssue | None:
    if kind == "init" and terminated.get("exitCode") == 0:
        return None
    reason, message = terminated.get("reason") or "Error", terminated.get("message") or ""
    return ContainerIssue(classify(TERMINATED, reason, message), reason, message, terminated, previous)


def _is_about(event: dict, container: str) -> bool:
    """Whether an event of a pod is about that container: its field path ends in spec.containers{name}."""
    return (event["involvedObject"].get("fieldPath") or "").endswith("{" + container + "}")


def _pull_message(events: list[dict], container: str) -> str:
    """The error behind ImagePullBackOff, which an older kubelet reports only in an event."""
    failed = [event for event in failure_events(events, container) if event["message"].startswith("Failed to pull image")]
    return max(failed, key=last_seen)["message"] if failed else ""


def _creation_failure(events: list[dict], container: str, last: dict) -> str:
    """Why no container could be created after the last run, "" if one could: between two attempts only an event shows it."""
    ended = time_of(last.get("finishedAt"))
    failed = [event for event in failure_events(events, container) if event["message"].startswith("Error: ") and ended and last_seen(event) >= ended]
    message = max(failed, key=last_seen)["message"].removeprefix("Error: ") if failed else ""
    rule = classify(WAITING, "CreateContainerError", message)
    return message if rule.category == "name_conflict" else ""
