# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes without a pod: the controller that shall make it can't, or the workload itself stands in the way. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.workloads import reasons
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.daprd import asks_for_dapr
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import condition, first_seen, last_seen, spec_changed, time_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Cause
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.reasons import classify
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene, Subject

NOT_CREATED_EVENTS = ("FailedCreate", "FailedDaemonPod")
SLACK = timedelta(seconds=5)  # timestamps have whole seconds


def annotation_cause(subject: Subject) -> Cause | None:
    """A workload that shall have Dapr and whose pod template does not ask for it."""
    if not subject.workload.dapr or asks_for_dapr(subject.obj["spec"]["template"]):
        return None
    changed = time_of(subject.obj["metadata"]["creationTimestamp"])
    return Cause(
        workload=str(subject.workload), reason="NoDaprAnnotation", category="dapr_not_asked_for", since=changed, due=changed,
        says="shall have Dapr (dapr: true), but its pod template has no annotation dapr.io/enabled: \"true\"",
        hint="Put the annotation under spec.template.metadata.annotations, not under the workload's own metadata.",
    )


def held_cause(subject: Subject) -> Cause | None:
    """A workload whose controller does not replace pods: paused, or with the update strategy OnDelete."""
    spec = subject.obj["spec"]
    since = spec_changed(subject.obj) or time_of(subject.obj["metadata"]["creationTimestamp"])
    if spec.get("paused"):
        return Cause(
            workload=str(subject.workload), reason="Paused", category="paused", since=since, due=since,
            says="is paused, so its change is not rolled out", hint=f"kubectl rollout resume deployment/{subject.workload.name}",
        )
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete" and subject.is_seen and subject.old_pods:
        return Cause(
            workload=str(subject.workload), reason="OnDelete", category="on_delete", since=since, due=since,
            says="has the update strategy OnDelete: its controller replaces a pod only when somebody deletes it",
            hint="Delete its old pods one by one, or set updateStrategy.type: RollingUpdate.",
        )
    return None


def deadline_cause(subject: Subject) -> Cause | None:
    """A Deployment whose progressDeadlineSeconds have passed without progress."""
    progressing = condition(subject.obj, "Progressing")
    if progressing.get("reason") != "ProgressDeadlineExceeded":
        return None
    since = time_of(progressing["lastTransitionTime"])
    return Cause(
        workload=str(subject.workload), reason="ProgressDeadlineExceeded", category="progress_deadline", since=since, due=since,
        says="made no progress within its progressDeadlineSeconds", message=progressing.get("message", ""),
        hint="See what its pods lack; raise progressDeadlineSeconds if the start takes that long.",
    )


def creation_cause(subject: Subject, scene: Scene) -> Cause | None:
    """Why the controller does not get the pods made that are missing."""
    if subject.creator is None or len(subject.active) >= subject.desired:
        return None
    told = _last_refusal(subject, scene)
    if told is None:
        return None
    message, began, last = told
    rule = classify(reasons.NOT_CREATED, "FailedCreate", message)
    return Cause(
        workload=str(subject.workload), reason="FailedCreate", category=rule.category, says=rule.says, hint=rule.hint,
        message=message.strip(), since=began, due=_due(rule, began, last, scene),
    )


def _due(rule, began: datetime, last: datetime, scene: Scene) -> datetime:
    """A refusal from before this wait may be over, as the controller tries again only after minutes: it gets retry_grace."""
    if last < scene.observation.started - SLACK:
        return scene.observation.started + timedelta(seconds=scene.options.retry_grace)
    return began + timedelta(seconds=getattr(scene.options, rule.grace) if rule.grace else 0)


def _last_refusal(subject: Subject, scene: Scene) -> tuple[str, datetime, datetime] | None:
    """The controller's last failure to make a pod as (message, first time, last time); one before the last success is void."""
    events = [event for event in scene.events_of(subject.creator) if event.get("reason") in NOT_CREATED_EVENTS]
    failure = condition(subject.creator, "ReplicaFailure")
    told = [(event["message"], first_seen(event), last_seen(event)) for event in events]
    if failure.get("status") == "True":
        since = time_of(failure["lastTransitionTime"])
        told.append((failure.get("message", ""), since, since))
    created = [time_of(pod["metadata"]["creationTimestamp"]) for pod in subject.active]
    void = max([*created, spec_changed(subject.obj) or time_of(subject.obj["metadata"]["creationTimestamp"])])
    fresh = [entry for entry in told if entry[2] >= void - timedelta(seconds=1)]
    if not fresh:
        return None
    message, _first, last = max(fresh, key=lambda entry: entry[2])
    same = [entry[1] for entry in fresh]
    return message, max(min(same), void), last
