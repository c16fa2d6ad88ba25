# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the sidecar of a pod that asks for one. Pure: the pod, and what its daprd answered where it was asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle, validates
from ansible_collections.runbook.minikube.plugins.module_utils.workloads import reasons
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.containers import trouble_of, waits_for_own_sidecar
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.daprd import asks_for_dapr, daprd_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import (
    condition,
    containers_of,
    is_active,
    is_ready,
    serving_containers,
    time_of,
)

ANCHORS = "DAPR_TRUST_ANCHORS"
APP_PORT = "dapr.io/app-port"
STARTING = timedelta(seconds=60)  # a pod that is younger may yet get ready by itself
REFUSED = re.compile(r"INIT_COMPONENT_FAILURE|process component|init component|failed to load components|component .* not found", re.IGNORECASE)

# What is wrong. Re-creating the pod cures the first group; the second needs a person; the third ends with its cause.
MISSING, OLD_CA, STUCK, BROKEN, OUTDATED_CRASH = "sidecar_missing", "old_ca", "daprd_stuck", "daprd_broken", "daprd_crashed"
UNREADY = "daprd_unready"  # it may lack the control plane, so it has time to connect where that is brought back
NO_APPLICATION, REFUSED_COMPONENT, DEADLOCK, UNCURABLE = "application_not_listening", "component_refused", "waits_for_own_sidecar", "daprd_unusable"
WAITS = "waits_for_control_plane"
RECREATED = (MISSING, OLD_CA, STUCK, BROKEN, OUTDATED_CRASH, UNREADY)
BY_PERSON = (NO_APPLICATION, REFUSED_COMPONENT, DEADLOCK, UNCURABLE)

HANGS, NOT_READY, READY, GONE = "hangs", "not_ready", "ready", "gone"  # what a daprd answers at /v1.0/healthz


@dataclass(frozen=True)
class Answer:
    """How a daprd that runs without being ready answered: ``health`` as above, and whether the application listens (None: not known)."""

    health: str
    detail: str = ""
    app_listens: bool | None = None


@dataclass(frozen=True)
class Ailment:
    """What is wrong with one pod. ``evidence`` is a sentence; ``next_step`` what a person does, where it needs one."""

    pod: dict
    what: str
    evidence: str
    next_step: str = ""


def asking(pods: list[dict]) -> list[dict]:
    """The pods that ask for a sidecar and that a controller counts."""
    return [pod for pod in pods if asks_for_dapr(pod) and is_active(pod)]


def is_starting(pod: dict, bundle: Bundle, now: datetime) -> bool:
    """Whether it may yet get ready by itself: young, not ready, not ready before either, and nothing wrong to be seen."""
    young = time_of(pod["metadata"]["creationTimestamp"]) > now - STARTING
    begins = young and not is_ready(pod) and not _was_ready(pod)
    return begins and not crashes(pod) and ailment(pod, bundle, now) is None


def _was_ready(pod: dict) -> bool:
    """Whether a pod lost its readiness after its containers had started: one that never had it lacks it since it was made."""
    lost = condition(pod, "Ready").get("lastTransitionTime")
    states = [status.get("state") or {} for _spec, status, _kind in serving_containers(pod)]
    starts = [time_of(state["running"]["startedAt"]) for state in states if "running" in state]
    return bool(lost) and len(starts) == len(states) and time_of(lost) > max(starts)


def runs(pod: dict) -> bool:
    """Whether its daprd runs."""
    found = daprd_of(pod)
    return found is not None and "running" in (found[1].get("state") or {})


def to_ask(pod: dict) -> bool:
    """Whether only its daprd can tell what is wrong: it runs and is not ready."""
    return runs(pod) and not daprd_of(pod)[1].get("ready")


def crashes(pod: dict) -> bool:
    """Whether its daprd ended and was or will be started again without getting ready since, so that its log tells why."""
    found = daprd_of(pod)
    return found is not None and not found[1].get("ready") and _ended(found[1]) is not None


def ailment(pod: dict, bundle: Bundle, now: datetime, answer: Answer | None = None, log: str = "") -> Ailment | None:
    """What is wrong with a pod that asks for a sidecar, None if nothing is.

    ``bundle``: one that is not whole judges no anchors. ``log``: the end of daprd's log where it crashes.
    """
    found = daprd_of(pod)
    if found is None:
        created = pod["metadata"]["creationTimestamp"]
        return Ailment(pod, MISSING, f"asks for Dapr and has no daprd container since it was made at {created}: the injector did not act then")
    spec, status = found
    if bundle.is_whole and not validates(_anchors(spec), bundle.issuer):
        return Ailment(pod, OLD_CA, "the anchors that it was made with do not validate the certificates that Sentry issues at present")
    return _of_answer(pod, status, answer, now) or _of_status(pod, status, log) or _of_init(pod)


def _of_status(pod: dict, status: dict, log: str) -> Ailment | None:
    """What the state of the container tells."""
    if crashes(pod):
        return _crash(pod, status, log)
    trouble = trouble_of(status, "container", [])
    if trouble is None or trouble.rule.verdict == reasons.PROGRESSING:
        return None
    evidence = f"daprd {trouble.rule.says} ({trouble.reason}): {trouble.message}".rstrip(": ")
    if trouble.rule.stage in (reasons.CREATE, reasons.START):
        return Ailment(pod, BROKEN, evidence)
    return Ailment(pod, UNCURABLE, evidence, trouble.rule.hint)


def _crash(pod: dict, status: dict, log: str) -> Ailment:
    last = last_error(log)
    count = status.get("restartCount", 0)
    evidence = f"daprd ended {count} times" + (f", at last with: {last}" if last else "")
    if REFUSED.search(last):
        step = "Correct the component that the message names (kubectl get components.dapr.io -A), or bring back what it connects to; then daprd starts."
        return Ailment(pod, REFUSED_COMPONENT, evidence, step)
    return Ailment(pod, OUTDATED_CRASH, evidence)


def last_error(log: str) -> str:
    """The last line of a log of Dapr's that is an error: its message alone where the line has one."""
    lines = [line for line in log.splitlines() if re.search(r"level=(fatal|error)", line)] or log.splitlines()[-1:]
    fatal = [line for line in lines if "level=fatal" in line]
    line = (fatal or lines or [""])[-1]
    message = re.search(r'msg="((?:[^"\\]|\\.)*)"', line)
    return (message[1].replace('\\"', '"') if message else line).strip()


def _of_answer(pod: dict, status: dict, answer: Answer | None, now: datetime) -> Ailment | None:
    if answer is None or answer.health in (READY, GONE):
        return None
    new = time_of(status["state"]["running"]["startedAt"]) > now - STARTING
    if answer.health == HANGS:
        return Ailment(pod, STUCK, f"{answer.detail}; its liveness probe asks for a connection only, so nobody restarts it")
    if answer.app_listens is False:
        port = pod["metadata"]["annotations"].get(APP_PORT, "")
        step = f"Let the application listen on port {port}, or correct {APP_PORT}; its log tells why it does not. A restart of the sidecar does not help."
        return Ailment(pod, NO_APPLICATION, f"{answer.detail}, as nothing listens on the application's port {port}", step)
    return None if new else Ailment(pod, UNREADY, answer.detail + (", although its application listens" if answer.app_listens else ""))


def _of_init(pod: dict) -> Ailment | None:
    """An init container that does not end."""
    for spec, status, kind in containers_of(pod):
        if kind != "init" or "running" not in (status.get("state") or {}):
            continue
        if waits_for_own_sidecar(spec):
            step = "Let it wait for the service dapr-api in the control plane's namespace, or let the application itself wait."
            evidence = f"init container {spec['name']} waits for the pod's own sidecar, which starts only after all init containers"
            return Ailment(pod, DEADLOCK, evidence, step)
        return Ailment(pod, WAITS, f"init container {spec['name']} has been waiting since {status['state']['running']['startedAt']}")
    return None


def _ended(status: dict) -> dict | None:
    """How the container ended last, where it waits for its next start or has just had it."""
    state = status.get("state") or {}
    if "terminated" in state:
        return state["terminated"]
    again = "running" in state or (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    return (status.get("lastState") or {}).get("terminated") if again else None


def _anchors(spec: dict) -> str:
    return next((entry.get("value") or "" for entry in spec.get("env") or [] if entry["name"] == ANCHORS), "")
