# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes that the status of a pod's containers tells. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.workloads import reasons
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import (
    containers_of,
    first_seen,
    is_active,
    last_seen,
    time_of,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Cause, Options
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.reasons import Rule, classify
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene


@dataclass(frozen=True)
class Trouble:
    """A container's status that stands for something: the rule, and the words of Kubernetes that it was found by."""

    rule: Rule
    reason: str
    message: str
    terminated: dict | None  # the run that ended, if it ran
    previous: bool  # whether that run is the former one


def trouble_of(status: dict, kind: str, events: list[dict]) -> Trouble | None:
    """What a container's status means, None where nothing is wrong. ``events`` are those of its pod."""
    state = status.get("state") or {}
    last = (status.get("lastState") or {}).get("terminated")
    if "terminated" in state:
        return _ended(state["terminated"], kind, previous=False)
    if "waiting" not in state:
        return None
    waiting = state["waiting"]
    reason, message = waiting.get("reason") or "", waiting.get("message") or ""
    if reason == "CrashLoopBackOff" and last:
        refused = _creation_failure(events, status["name"], last)
        if refused:
            return Trouble(classify(reasons.WAITING, "CreateContainerError", refused), reason, refused, last, True)
        return _ended(last, kind, previous=True) or Trouble(classify(reasons.WAITING, reason, message), reason, message, last, True)
    if reason == "ImagePullBackOff" and '": ' not in message:  # a newer kubelet appends the error itself
        message = _pull_message(events, status["name"]) or message
    return Trouble(classify(reasons.WAITING, reason, message), reason, message, last, last is not None)


def stuck_since(pods: list[dict], events: dict[str, list[dict]], known: dict, now: datetime) -> dict:
    """(pod uid, container, stage) to the time since when the container is stuck there; ``known`` is the former answer."""
    found = {}
    for pod in filter(is_active, pods):
        uid = pod["metadata"]["uid"]
        for _spec, status, kind in containers_of(pod):
            trouble = trouble_of(status, kind, events.get(uid, []))
            if trouble and trouble.rule.stage:
                key = (uid, status["name"], trouble.rule.stage)
                found[key] = known.get(key, now)
    return found


def container_causes(workload: str, pod: dict, scene: Scene) -> list[Cause]:
    """Every container of a pod that has trouble, in the order in which they start."""
    events = scene.events_of(pod)
    causes = []
    for spec, status, kind in containers_of(pod):
        trouble = trouble_of(status, kind, events) if status else None
        if trouble and trouble.rule.verdict != reasons.PROGRESSING:
            causes.append(_cause(workload, pod, spec, status, kind, trouble, scene))
        elif kind == "init" and "running" in (status.get("state") or {}):
            causes.append(_slow_init(workload, pod, spec, status, scene))
    return causes


def unready_causes(workload: str, pod: dict, scene: Scene) -> list[Cause]:
    """Running containers that are not ready: suspects only, as nobody knows how long a start may take."""
    causes = []
    for spec, status, kind in containers_of(pod):
        running = (status.get("state") or {}).get("running")
        if kind != "init" and running and not status.get("ready"):
            causes.append(_unready(workload, pod, spec, kind, running, scene))
    return causes


def _ended(terminated: dict, kind: str, previous: bool) -> Trouble | None:
    if kind == "init" and terminated.get("exitCode") == 0:
        return None
    reason, message = terminated.get("reason") or "Error", terminated.get("message") or ""
    return Trouble(classify(reasons.TERMINATED, reason, message), reason, message, terminated, previous)


def _cause(workload: str, pod: dict, spec: dict, status: dict, kind: str, trouble: Trouble, scene: Scene) -> Cause:
    rule, restarts = trouble.rule, status.get("restartCount", 0)
    since = _since(pod, status, rule, scene)
    cause = Cause(
        workload=workload, pod=pod["metadata"]["name"], container=spec["name"], container_type=kind,
        reason=_shown_reason(status, trouble), category=rule.category, says=rule.says, hint=rule.hint,
        message=trouble.message.strip(), since=since, due=_due(rule, since, restarts, scene.options),
        exit_code=(trouble.terminated or {}).get("exitCode"), restarts=restarts, previous_log=trouble.previous,
    )
    if cause.category not in ("crash", "ends_at_once") or not _probe_killed(scene.events_of(pod), spec["name"]):
        return cause
    return _killed_by_probe(cause, _probe_message(scene.events_of(pod), spec["name"], ("Liveness", "Startup")))


def _killed_by_probe(cause: Cause, message: str) -> Cause:
    hint = "Correct the probe, give the start more time (startupProbe), or see in the log why it does not answer."
    return replace(cause, category="probe_kills", says="is killed because its probe fails", message=message, hint=hint)


def _shown_reason(status: dict, trouble: Trouble) -> str:
    """The reason as kubectl shows it, which for a crash is the waiting one, with the last end's where that says more."""
    shown = ((status.get("state") or {}).get("waiting") or {}).get("reason")
    if shown == "CrashLoopBackOff" and trouble.reason not in ("Error", "CrashLoopBackOff"):
        return f"{trouble.reason}, {shown}"
    return shown or trouble.reason


def _due(rule: Rule, since: datetime, restarts: int, options: Options) -> datetime | None:
    if rule.verdict == reasons.FATAL:
        return since
    if rule.grace == "crash_restarts":
        return since if restarts >= options.crash_restarts else None
    return since + timedelta(seconds=getattr(options, rule.grace))


def _since(pod: dict, status: dict, rule: Rule, scene: Scene) -> datetime:
    """Since when: by our own eyes, or earlier by the kubelet's events about the container's first start."""
    seen = scene.observation.first_seen.get((pod["metadata"]["uid"], status["name"], rule.stage), scene.now)
    if rule.stage == reasons.CRASH or status.get("restartCount", 0) == 0:
        told = [first_seen(event) for event in _failures(scene.events_of(pod), status["name"])]
        seen = min([seen, *filter(None, told)])
    return seen


def _failures(events: list[dict], container: str) -> list[dict]:
    return [event for event in events if event.get("reason") in ("Failed", "BackOff") and _is_about(event, container)]


def _is_about(event: dict, container: str) -> bool:
    """Whether an event of a pod is about that container: its field path ends in spec.containers{name}."""
    return (event["involvedObject"].get("fieldPath") or "").endswith("{" + container + "}")


def _pull_message(events: list[dict], container: str) -> str:
    """The error behind ImagePullBackOff, which an older kubelet tells only in an event."""
    told = [event for event in _failures(events, container) if event["message"].startswith("Failed to pull image")]
    return max(told, key=last_seen)["message"] if told else ""


def _creation_failure(events: list[dict], container: str, last: dict) -> str:
    """Why no successor of the run that ended last could be created, "" where one could: told by an event alone between two attempts."""
    ended = time_of(last.get("finishedAt"))
    told = [event for event in _failures(events, container) if event["message"].startswith("Error: ") and ended and last_seen(event) >= ended]
    message = max(told, key=last_seen)["message"].removeprefix("Error: ") if told else ""
    rule = classify(reasons.WAITING, "CreateContainerError", message)
    return message if rule.category == "name_conflict" else ""


def _probe_message(events: list[dict], container: str, probes: tuple[str, ...]) -> str:
    told = [event for event in events if event.get("reason") == "Unhealthy" and _is_about(event, container)]
    told = [event for event in told if event["message"].startswith(probes)]
    return max(told, key=last_seen)["message"].strip() if told else ""


def _probe_killed(events: list[dict], container: str) -> bool:
    """Whether the kubelet says that it killed a container for its probe. A program that ends by itself may have failed a probe before, too."""
    told = [event["message"] for event in events if event.get("reason") == "Killing" and _is_about(event, container)]
    return any(f"failed {probe} probe" in message for message in told for probe in ("liveness", "startup"))


def _slow_init(workload: str, pod: dict, spec: dict, status: dict, scene: Scene) -> Cause:
    since = time_of(status["state"]["running"]["startedAt"])
    return Cause(
        workload=workload, pod=pod["metadata"]["name"], container=spec["name"], container_type="init", reason="InitRunning",
        category="init_running", says="is still running, and the others start only when it has ended", hint=_init_hint(spec),
        since=since, due=since + timedelta(seconds=scene.options.init_timeout), restarts=status.get("restartCount", 0),
    )


def waits_for_own_sidecar(spec: dict) -> bool:
    """Whether an init container's script asks the pod's own Dapr sidecar, which starts only after it."""
    script = " ".join([*(spec.get("command") or []), *(spec.get("args") or [])])
    hosts = re.findall(r"(?:localhost|127\.0\.0\.1)[:\s]+(\d+)", script)
    return any(port in ("3500", "3501", "50001") for port in hosts)


def _init_hint(spec: dict) -> str:
    if waits_for_own_sidecar(spec):
        return (
            "It seems to wait for its own Dapr sidecar at localhost, which starts only after all init containers: a deadlock. "
            "Let it wait for the service dapr-api in dapr-system, or let the application itself wait."
        )
    return "Bring up what it waits for (its log and command tell), or raise init_timeout if it needs that long."


def _unready(workload: str, pod: dict, spec: dict, kind: str, running: dict, scene: Scene) -> Cause:
    probe = _probe_message(scene.events_of(pod), spec["name"], ("Readiness", "Startup"))
    return Cause(
        workload=workload, pod=pod["metadata"]["name"], container=spec["name"], container_type=kind, reason="NotReady",
        category="probe_fails", says="runs, but does not get ready", message=probe, since=time_of(running["startedAt"]),
        hint="See in its log why it does not answer the probe; correct the probe, or raise timeout if the start takes that long.",
    )
