# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds what is wrong with the sidecar of a pod that is annotated for Dapr. Pure: from the pod, and how its daprd answered a probe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..causes.container import waits_for_own_sidecar
from ..causes.container_issue import issue_of
from ..causes.rules import CREATE, PROGRESSING, START
from ..clients.cluster.pods import condition, is_active, is_ready
from ..workloads.daprd import DAPR_ENABLED, LIVENESS_NOTE, READY, STUCK, UNREACHABLE, dapr_enabled, daprd_of
from ..workloads.fields import containers_of, serving_containers, time_of
from .trust_bundle import TrustBundle, validates

TRUST_ANCHORS = "DAPR_TRUST_ANCHORS"
APP_PORT = "dapr.io/app-port"
STARTUP_GRACE = timedelta(seconds=60)  # a pod that is younger may still get ready without help
COMPONENT_ERROR = re.compile(r"INIT_COMPONENT_FAILURE|process component|init component|failed to load components|component .* not found", re.IGNORECASE)

# Categories. Recreating the pod fixes the first group; the second needs manual action; the third ends with its cause.
SIDECAR_MISSING, OLD_CA, DAPRD_STUCK, DAPRD_BROKEN, DAPRD_CRASHED = "sidecar_missing", "old_ca", "daprd_stuck", "daprd_broken", "daprd_crashed"
DAPRD_UNREADY = "daprd_unready"  # perhaps for lack of the control plane, so it may reconnect once that is recovered
APP_NOT_LISTENING, COMPONENT_REFUSED = "application_not_listening", "component_refused"
INIT_DEADLOCK, DAPRD_UNUSABLE = "waits_for_own_sidecar", "daprd_unusable"
INIT_WAITING = "waits_for_control_plane"
FIXED_BY_NEW_POD = (SIDECAR_MISSING, OLD_CA, DAPRD_STUCK, DAPRD_BROKEN, DAPRD_CRASHED, DAPRD_UNREADY)
MANUAL = (APP_NOT_LISTENING, COMPONENT_REFUSED, INIT_DEADLOCK, DAPRD_UNUSABLE)


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
    return daprd is not None and not daprd[1].get("ready") and _last_termination(daprd[1]) is not None


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
    if bundle.is_complete and not validates(_trust_anchors(spec), bundle.issuer):
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
    error = last_error(log)
    count = status.get("restartCount", 0)
    evidence = f"daprd restarted {count} times" + (f"; last error: {error}" if error else "")
    if COMPONENT_ERROR.search(error):
        step = "Correct the component that the error names (kubectl get components.dapr.io -A), or recover the service that it connects to; then daprd starts."
        return SidecarProblem(pod, COMPONENT_REFUSED, evidence, step)
    return SidecarProblem(pod, DAPRD_CRASHED, evidence)


def last_error(log: str) -> str:
    """The last error of a Dapr log, fatal ones first: only its message if the line has one."""
    lines = [line for line in log.splitlines() if re.search(r"level=(fatal|error)", line)] or log.splitlines()[-1:]
    fatal = [line for line in lines if "level=fatal" in line]
    line = (fatal or lines or [""])[-1]
    message = re.search(r'msg="((?:[^"\\]|\\.)*)"', line)
    return (message[1].replace('\\"', '"') if message else line).strip()


def _probe_problem(pod: dict, status: dict, probe: ProbeResult | None, now: datetime) -> SidecarProblem | None:
    if probe is None or probe.health in (READY, UNREACHABLE):
        return None
    young = time_of(status["state"]["running"]["startedAt"]) > now - STARTUP_GRACE
    if probe.health == STUCK:
        return SidecarProblem(pod, DAPRD_STUCK, f"{probe.detail}; {LIVENESS_NOTE}")
    if probe.app_listens is False:
        port = pod["metadata"]["annotations"].get(APP_PORT, "")
        step = f"Let the application listen on port {port}, or correct {APP_PORT}; its log shows why it does not. Restarting the sidecar does not help."
        return SidecarProblem(pod, APP_NOT_LISTENING, f"{probe.detail}, because the application does not listen on port {port}", step)
    return None if young else SidecarProblem(pod, DAPRD_UNREADY, probe.detail + (", although its application listens" if probe.app_listens else ""))


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


def _last_termination(status: dict) -> dict | None:
    """How the container terminated last, if it waits for its restart or has just restarted."""
    state = status.get("state") or {}
    if "terminated" in state:
        return state["terminated"]
    restarted = "running" in state or (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    return (status.get("lastState") or {}).get("terminated") if restarted else None


def _trust_anchors(spec: dict) -> str:
    return next((entry.get("value") or "" for entry in spec.get("env") or [] if entry["name"] == TRUST_ANCHORS), "")
