# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds what is wrong with the sidecar of a pod that is annotated for Dapr. Pure: from the pod, and how its daprd answered a probe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..causes.container import waits_for_own_sidecar
from ..causes.container_issue import issue_of
from ..causes.rules import CREATE, PROGRESSING, START
from ..clients.cluster.pods import condition, is_active, is_ready
from ..workloads.daprd import DAPR_ENABLED, LIVENESS_NOTE, READY, STUCK, UNREACHABLE, dapr_enabled, daprd_of
from ..workloads.fields import containers_of, serving_containers, time_of
from .crash_log import (
    COMPONENT_REFUSED,
    CONFIGURATION_MISSING,
    OUT_OF_MEMORY,
    STEPS,
    TOKEN_MISSING,
    UNKNOWN,
    WITHOUT_CONTROL_PLANE,
    classify_end,
    last_error,
    last_lines,
)
from .trust_bundle import TrustBundle, trust_anchors, validates

APP_PORT, CONFIGURATION = "dapr.io/app-port", "dapr.io/config"
STARTUP_GRACE = timedelta(seconds=60)  # a pod that is younger may still get ready without help

# Categories. Recreating the pod fixes the first group; the second needs manual action; the third ends with its cause.
SIDECAR_MISSING, OLD_CA, DAPRD_STUCK, DAPRD_BROKEN, DAPRD_CRASHED = "sidecar_missing", "old_ca", "daprd_stuck", "daprd_broken", WITHOUT_CONTROL_PLANE
WRONG_IMAGE = "sidecar_image"  # the injector put an image into the pod that it no longer uses
DAPRD_UNREADY = "daprd_unready"  # perhaps for lack of the control plane, so it may reconnect once that is recovered
APP_NOT_LISTENING, DAPRD_SILENT = "application_not_listening", "daprd_not_answering"
INIT_DEADLOCK, DAPRD_UNUSABLE = "waits_for_own_sidecar", "daprd_unusable"
INIT_WAITING = "waits_for_control_plane"
FIXED_BY_NEW_POD = (SIDECAR_MISSING, OLD_CA, DAPRD_STUCK, DAPRD_BROKEN, DAPRD_CRASHED, DAPRD_UNREADY, WRONG_IMAGE)
MANUAL = (
    APP_NOT_LISTENING, COMPONENT_REFUSED, CONFIGURATION_MISSING, TOKEN_MISSING, OUT_OF_MEMORY, UNKNOWN, DAPRD_SILENT, INIT_DEADLOCK, DAPRD_UNUSABLE,
)


@dataclass(frozen=True)
class ProbeResult:
    """How a daprd that is running but not ready answered: ``health`` (see workloads.daprd), and whether the application listens (None: unknown)."""

    health: str
    detail: str = ""
    app_listens: bool | None = None


@dataclass(frozen=True)
class SidecarProblem:
    """What is wrong with one pod. ``evidence`` is a sentence; ``next_step`` the manual action, if it needs one."""

    pod: dict
    category: str
    evidence: str
    next_step: str = ""


def pods_with_dapr(pods: list[dict]) -> list[dict]:
    """The active pods that are annotated for a sidecar."""
    return [pod for pod in pods if dapr_enabled(pod) and is_active(pod)]


def is_starting(pod: dict, bundle: TrustBundle, now: datetime) -> bool:
    """Whether it may still get ready without help: young, not ready now or before, and without any problem."""
    young = time_of(pod["metadata"]["creationTimestamp"]) > now - STARTUP_GRACE
    starting = young and not is_ready(pod) and not _lost_readiness(pod)
    return starting and not is_crashing(pod) and find_problem(pod, bundle, now) is None


def _lost_readiness(pod: dict) -> bool:
    """Whether it was ready before: a pod that never was has been not ready since before its containers started."""
    lost = condition(pod, "Ready").get("lastTransitionTime")
    states = [status.get("state") or {} for _spec, status, _kind in serving_containers(pod)]
    starts = [time_of(state["running"]["startedAt"]) for state in states if "running" in state]
    return bool(lost) and len(starts) == len(states) and time_of(lost) > max(starts)


def is_running(pod: dict) -> bool:
    """Whether its daprd is running."""
    daprd = daprd_of(pod)
    return daprd is not None and "running" in (daprd[1].get("state") or {})


def needs_probe(pod: dict) -> bool:
    """Whether only a probe can show what is wrong: its daprd is running but not ready."""
    daprd = daprd_of(pod)
    return daprd is not None and is_running(pod) and not daprd[1].get("ready")


def is_crashing(pod: dict) -> bool:
    """Whether its daprd terminated and has not been ready since, so that its log shows why."""
    daprd = daprd_of(pod)
    return daprd is not None and not daprd[1].get("ready") and last_termination(daprd[1]) is not None


def find_problem(pod: dict, bundle: TrustBundle, now: datetime, probe: ProbeResult | None = None, log: str = "") -> SidecarProblem | None:
    """What is wrong with a pod that is annotated for a sidecar, None if nothing is.

    ``bundle``: an incomplete one is not compared with the pod's anchors. ``log``: the end of daprd's log, if it is crashing.
    """
    daprd = daprd_of(pod)
    if daprd is None:
        created = pod["metadata"]["creationTimestamp"]
        evidence = f"it is annotated with {DAPR_ENABLED} but has no daprd container: the injector did not run when it was created ({created})"
        return SidecarProblem(pod, SIDECAR_MISSING, evidence)
    spec, status = daprd
    if bundle.is_complete and not validates(trust_anchors(spec), bundle.issuer):
        return SidecarProblem(pod, OLD_CA, "its trust anchors do not validate the certificates that Sentry currently issues")
    return _probe_problem(pod, status, probe, now) or _status_problem(pod, status, log) or _init_problem(pod)


def _status_problem(pod: dict, status: dict, log: str) -> SidecarProblem | None:
    """The problem that the state of the container shows."""
    if is_crashing(pod):
        return _crash_problem(pod, status, log)
    issue = issue_of(status, "container", [])
    if issue is None or issue.rule.severity == PROGRESSING:
        return None
    evidence = f"daprd {issue.rule.summary} ({issue.reason}): {issue.message}".rstrip(": ")
    if issue.rule.stage in (CREATE, START):
        return SidecarProblem(pod, DAPRD_BROKEN, evidence)
    return SidecarProblem(pod, DAPRD_UNUSABLE, evidence, issue.rule.hint)


def _crash_problem(pod: dict, status: dict, log: str) -> SidecarProblem:
    ended = last_termination(status) or {}
    kind, metadata = classify_end(log, ended.get("reason", "")), pod["metadata"]
    shown = last_lines(log) if kind == UNKNOWN else "" if kind == OUT_OF_MEMORY else last_error(log)
    how = f"exit code {ended.get('exitCode')}" if kind != OUT_OF_MEMORY else f"killed for exceeding its memory limit{_memory_limit(pod)}"
    evidence = f"daprd restarted {status.get('restartCount', 0)} times ({how})" + (f"; last error: {shown}" if shown else "")
    configuration = (metadata.get("annotations") or {}).get(CONFIGURATION, "")
    step = STEPS.get(kind, "").format(pod=metadata["name"], namespace=metadata["namespace"], configuration=configuration)
    return SidecarProblem(pod, kind, evidence, step)


def _memory_limit(pod: dict) -> str:
    spec, _status = daprd_of(pod) or ({}, {})
    limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
    return f" ({limit})" if limit else ""


def _probe_problem(pod: dict, status: dict, probe: ProbeResult | None, now: datetime) -> SidecarProblem | None:
    if probe is None or probe.health == READY:
        return None
    if probe.health == UNREACHABLE:
        return _silence_problem(pod, status, now)
    young = time_of(status["state"]["running"]["startedAt"]) > now - STARTUP_GRACE
    if probe.health == STUCK:
        return SidecarProblem(pod, DAPRD_STUCK, f"{probe.detail}; {LIVENESS_NOTE}")
    if probe.app_listens is False:
        port = pod["metadata"]["annotations"].get(APP_PORT, "")
        step = f"Let the application listen on port {port}, or correct {APP_PORT}; its log shows why it does not. Restarting the sidecar does not help."
        return SidecarProblem(pod, APP_NOT_LISTENING, f"{probe.detail}, because the application does not listen on port {port}", step)
    return None if young else SidecarProblem(pod, DAPRD_UNREADY, probe.detail + (", although its application listens" if probe.app_listens else ""))


def _silence_problem(pod: dict, status: dict, now: datetime) -> SidecarProblem | None:
    """A daprd that accepts no connection, for longer than its own probes allow."""
    spec, _status = daprd_of(pod) or ({}, {})
    probes = [spec.get(name) or {} for name in ("livenessProbe", "readinessProbe")]
    allowed = max(probe.get("initialDelaySeconds", 0) + probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3) for probe in probes)
    started = status["state"]["running"]["startedAt"]
    if is_crashing(pod) or time_of(started) > now - max(STARTUP_GRACE, timedelta(seconds=allowed)):
        return None
    metadata = pod["metadata"]
    step = f"See what it waits for: kubectl logs {metadata['name']} -n {metadata['namespace']} -c daprd"
    return SidecarProblem(pod, DAPRD_SILENT, f"daprd has accepted no connections since its start at {started}, longer than its probes allow", step)


def _init_problem(pod: dict) -> SidecarProblem | None:
    """An init container that does not finish."""
    for spec, status, kind in containers_of(pod):
        if kind != "init" or "running" not in (status.get("state") or {}):
            continue
        if waits_for_own_sidecar(spec):
            step = "Let it wait for the service dapr-api in the control plane's namespace, or let the application itself wait."
            evidence = f"init container {spec['name']} waits for the pod's own sidecar, which starts only after all init containers"
            return SidecarProblem(pod, INIT_DEADLOCK, evidence, step)
        return SidecarProblem(pod, INIT_WAITING, f"init container {spec['name']} has been waiting since {status['state']['running']['startedAt']}")
    return None


def last_termination(status: dict) -> dict | None:
    """How the container terminated last, if it waits for its restart or has just restarted."""
    state = status.get("state") or {}
    if "terminated" in state:
        return state["terminated"]
    restarted = "running" in state or (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    return (status.get("lastState") or {}).get("terminated") if restarted else None
