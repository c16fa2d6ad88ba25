# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on a rollout: complete, progressing or failed, and why. Pure: an observation and a time in, a verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.completion import missing, settles_at
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.containers import container_causes, unready_causes
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.creation import (
    annotation_cause,
    creation_cause,
    deadline_cause,
    held_cause,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import is_active
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import (
    COMPLETE,
    FAILED,
    PROGRESSING,
    Cause,
    Observation,
    Options,
    State,
    Verdict,
    Workload,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.pods import (
    before_start_cause,
    ended_causes,
    scheduling_cause,
    sidecar_missing,
    starting_cause,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene, Subject

CRASHES = ("crash", "probe_kills")


def judge(observation: Observation, now: datetime, options: Options) -> Verdict:
    """Judges every workload of an observation; the whole has failed as soon as one has, and is complete when all are."""
    scene = Scene(observation, now, options)
    judged = [_judge_one(workload, scene) for workload in observation.workloads]
    states = tuple(_patient(state, judged, scene) for state in judged)
    found = {state.state for state in states}
    whole = FAILED if FAILED in found else PROGRESSING if PROGRESSING in found else COMPLETE
    return Verdict(whole, states, None if whole != PROGRESSING else _recheck(states, scene))


def give_up(verdict: Verdict, now: datetime) -> Verdict:
    """The verdict when the time is over: what was only suspected becomes the cause."""
    return Verdict(FAILED, tuple(_given_up(state, now) for state in verdict.states))


def _given_up(state: State, now: datetime) -> State:
    if state.state != PROGRESSING:
        return state
    return replace(state, state=FAILED, causes=tuple(replace(cause, due=now) for cause in state.causes))


def _judge_one(workload: Workload, scene: Scene) -> State:
    subject = scene.subject(workload)
    if subject is None:
        return _absent(workload, scene)
    unasked = annotation_cause(subject)
    causes = [unasked] if unasked else _missing_sidecars(subject)
    lacking = missing(subject, scene)
    if not causes and not lacking:
        return State(workload, COMPLETE, note=_note(subject))
    suspects = causes + _causes(subject, scene)
    certain = [cause for cause in suspects if cause.due and cause.due <= scene.now]
    if not certain:
        return State(workload, PROGRESSING, tuple(lacking), tuple(_merged(suspects)))
    if any(cause.category == "progress_deadline" for cause in certain):
        certain = suspects
    return State(workload, FAILED, tuple(lacking), tuple(_merged(certain)))


def _patient(state: State, states: list[State], scene: Scene) -> State:
    """An application may crash until another one serves: while others are on their way, a crash has retry_grace."""
    others = any(other.state == PROGRESSING for other in states if other is not state)
    if state.state != FAILED or not others or any(cause.category not in CRASHES for cause in state.causes):
        return state
    grace = timedelta(seconds=scene.options.retry_grace)
    causes = tuple(replace(cause, due=max(cause.due, cause.since + grace)) for cause in state.causes)
    certain = any(cause.due <= scene.now for cause in causes)
    return state if certain else replace(state, state=PROGRESSING, causes=causes)


def _absent(workload: Workload, scene: Scene) -> State:
    gone = (workload.kind, workload.name) in scene.observation.deleted
    if gone:
        reason, says, hint = "Deleted", "was deleted while it was waited for", "Find out who deleted it, and apply it again."
    else:
        reason, says, hint = "NotFound", "does not exist", "Check the options workloads and namespace, or apply its manifest first."
    cause = Cause(
        workload=str(workload), reason=reason, category="workload_absent", says=says, hint=hint, since=scene.now, due=scene.now
    )
    return State(workload, FAILED, causes=(cause,))


def _note(subject: Subject) -> str:
    if subject.desired == 0 and subject.workload.kind == "DaemonSet":
        return f"{subject.workload} selects no node: no pod of it runs"
    return f"{subject.workload} is scaled to zero: no pod of it serves" if subject.desired == 0 else ""


def _missing_sidecars(subject: Subject) -> list[Cause]:
    if not subject.is_seen:
        return []
    return [cause for pod in subject.active if (cause := sidecar_missing(subject, pod))]


def _causes(subject: Subject, scene: Scene) -> list[Cause]:
    """Everything that stands or may stand in the way, most telling first.

    Until the controller has seen the last change, pods and conditions are those of the revision before.
    """
    held = held_cause(subject)
    found = [held] if held else []
    if not subject.is_seen:
        return found
    for pod in subject.active:
        found += _pod_causes(subject, pod, scene)
    found += ended_causes(subject, scene)
    found += _blocking(subject, scene)
    return [*found, *filter(None, [creation_cause(subject, scene), deadline_cause(subject)])]


def _pod_causes(subject: Subject, pod: dict, scene: Scene) -> list[Cause]:
    before = scheduling_cause(subject, pod, scene) or before_start_cause(subject, pod, scene)
    if before:
        return [before]
    workload = str(subject.workload)
    found = container_causes(workload, pod, scene) or unready_causes(workload, pod, scene)
    return found or list(filter(None, [starting_cause(subject, pod, scene)]))


def _blocking(subject: Subject, scene: Scene) -> list[Cause]:
    """Old pods that a StatefulSet's controller waits for before it goes on; elsewhere old pods never count."""
    in_order = subject.workload.kind == "StatefulSet" and subject.obj["spec"].get("podManagementPolicy") != "Parallel"
    if not in_order:
        return []
    hint = "It is a pod of the former revision, and the controller replaces none before it is ready: delete the pod. "
    causes = [cause for pod in subject.old_pods if is_active(pod) for cause in _pod_causes(subject, pod, scene)]
    return [replace(cause, hint=hint + cause.hint, blocking=True) for cause in causes]


def _merged(causes: list[Cause]) -> list[Cause]:
    """One cause for all pods of a workload that have the same."""
    merged: dict[tuple, Cause] = {}
    for cause in causes:
        key = (cause.workload, cause.container, cause.category, cause.reason.partition(",")[0])
        same = merged.get(key)
        merged[key] = replace(same, pods=same.pods + 1) if same else cause
    return list(merged.values())


def _recheck(states: tuple[State, ...], scene: Scene) -> float | None:
    """Seconds until a grace time is over or a just started pod has settled."""
    moments = [cause.due for state in states for cause in state.causes if cause.due]
    for state in states:
        subject = scene.subject(state.workload) if state.state == PROGRESSING else None
        moments += [settles_at(pod, scene.options) for pod in subject.active] if subject else []
    ahead = [(moment - scene.now).total_seconds() for moment in moments if moment and moment > scene.now]
    return min(ahead, default=None)
