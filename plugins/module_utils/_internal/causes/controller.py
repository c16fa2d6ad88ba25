# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes of failure without a pod: the controller cannot create it, or the workload's own spec prevents it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ..clients.cluster.pods import condition
from ..workloads.daprd import dapr_enabled
from ..workloads.fields import first_seen, last_seen, spec_changed, time_of
from ..workloads.model import Cause
from ..workloads.snapshot import Snapshot, WorkloadView
from .reasons import NOT_CREATED
from .rules import Rule, classify

NOT_CREATED_EVENTS = ("FailedCreate", "FailedDaemonPod")
CLOCK_TOLERANCE = timedelta(seconds=5)  # timestamps have whole seconds


def annotation_cause(view: WorkloadView) -> Cause | None:
    """A workload with dapr: true whose pod template is not annotated for Dapr."""
    if not view.workload.dapr or dapr_enabled(view.obj["spec"]["template"]):
        return None
    created = time_of(view.obj["metadata"]["creationTimestamp"])
    return Cause(
        workload=str(view.workload), reason="NoDaprAnnotation", category="dapr_annotation_missing", since=created, fatal_at=created,
        summary="has dapr: true in the options, but its pod template has no annotation dapr.io/enabled: \"true\"",
        hint="Put the annotation under spec.template.metadata.annotations, not under the workload's own metadata.",
    )


def paused_cause(view: WorkloadView) -> Cause | None:
    """A workload whose controller does not replace pods: paused, or with the update strategy OnDelete."""
    spec = view.obj["spec"]
    since = spec_changed(view.obj) or time_of(view.obj["metadata"]["creationTimestamp"])
    if spec.get("paused"):
        return Cause(
            workload=str(view.workload), reason="Paused", category="paused", since=since, fatal_at=since,
            summary="is paused, so the change is not rolled out", hint=f"kubectl rollout resume deployment/{view.workload.name}",
        )
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete" and view.is_observed and view.old_pods:
        return Cause(
            workload=str(view.workload), reason="OnDelete", category="on_delete", since=since, fatal_at=since,
            summary="has the update strategy OnDelete: its controller replaces a pod only after it was deleted",
            hint="Delete its old pods one by one, or set updateStrategy.type: RollingUpdate.",
        )
    return None


def deadline_cause(view: WorkloadView) -> Cause | None:
    """A Deployment that exceeded its progressDeadlineSeconds."""
    progressing = condition(view.obj, "Progressing")
    if progressing.get("reason") != "ProgressDeadlineExceeded":
        return None
    since = time_of(progressing["lastTransitionTime"])
    return Cause(
        workload=str(view.workload), reason="ProgressDeadlineExceeded", category="progress_deadline", since=since, fatal_at=since,
        summary="exceeded its progress deadline (progressDeadlineSeconds)", message=progressing.get("message", ""),
        hint="Check why its pods are not ready; raise progressDeadlineSeconds if the start takes that long.",
    )


def deleting_cause(view: WorkloadView) -> Cause | None:
    """A workload that is being deleted: its pods go with it."""
    since = time_of(view.obj["metadata"].get("deletionTimestamp"))
    if since is None:
        return None
    finalizers = view.obj["metadata"].get("finalizers") or []
    return Cause(
        workload=str(view.workload), reason="Deleting", category="deleting", summary="is being deleted", since=since, fatal_at=since,
        message=f"The finalizers {', '.join(finalizers)} have to be removed by their controllers." if finalizers else "",
        hint="Wait until it is gone, then apply it again.",
    )


def replica_set_cause(view: WorkloadView, snapshot: Snapshot) -> Cause | None:
    """Why the controller cannot create a Deployment's ReplicaSet. It does not report the last change as observed then."""
    progressing = condition(view.obj, "Progressing")
    if progressing.get("reason") != "ReplicaSetCreateError":
        return None
    since, changed = time_of(progressing["lastUpdateTime"]), spec_changed(view.obj)
    if changed and since < changed - CLOCK_TOLERANCE:  # about an earlier spec
        return None
    message = progressing.get("message", "")
    rule = creation_rule("ReplicaSet", message)
    return Cause(
        workload=str(view.workload), reason=progressing["reason"], category=rule.category, summary=rule.summary, hint=rule.hint,
        message=message.strip(), since=since, fatal_at=_fatal_at(rule, since, since, snapshot),
    )


def creation_rule(what: str, message: str) -> Rule:
    """The rule for a controller's message about what it cannot create (pods, or a ReplicaSet), with that in its summary."""
    rule = classify(NOT_CREATED, "FailedCreate", message)
    return replace(rule, summary=f"its {what} cannot be created" + (f": {rule.summary}" if rule.summary else ""))


def creation_cause(view: WorkloadView, snapshot: Snapshot) -> Cause | None:
    """Why the controller cannot create the missing pods."""
    if view.pod_owner is None or len(view.active) >= view.desired:
        return None
    failure = _last_failure(view, view.pod_owner, snapshot)
    if failure is None:
        return None
    message, first, last = failure
    rule = creation_rule("pods", message)
    return Cause(
        workload=str(view.workload), reason="FailedCreate", category=rule.category, summary=rule.summary, hint=rule.hint,
        message=message.strip(), since=first, fatal_at=_fatal_at(rule, first, last, snapshot),
    )


def _fatal_at(rule: Rule, first: datetime, last: datetime, snapshot: Snapshot) -> datetime:
    """The controller retries only after minutes, so a failure from before this wait may be over and has unreachable_timeout."""
    if last < snapshot.observation.started - CLOCK_TOLERANCE:
        return snapshot.observation.started + timedelta(seconds=snapshot.options.unreachable_timeout)
    return first + timedelta(seconds=getattr(snapshot.options, rule.limit) if rule.limit else 0)


def _last_failure(view: WorkloadView, owner: dict, snapshot: Snapshot) -> tuple[str, datetime, datetime] | None:
    """The controller's last failure to create a pod as (message, first time, last time), unless a pod was created after it."""
    events = [event for event in snapshot.events_of(owner) if event.get("reason") in NOT_CREATED_EVENTS]
    replica_failure = condition(owner, "ReplicaFailure")
    failures = [(event["message"], first_seen(event), last_seen(event)) for event in events]
    if replica_failure.get("status") == "True":
        since = time_of(replica_failure["lastTransitionTime"])
        failures.append((replica_failure.get("message", ""), since, since))
    created = [time_of(pod["metadata"]["creationTimestamp"]) for pod in view.active]
    valid_from = max([*created, spec_changed(view.obj) or time_of(view.obj["metadata"]["creationTimestamp"])])
    recent = [failure for failure in failures if failure[2] >= valid_from - timedelta(seconds=1)]
    if not recent:
        return None
    message, _first, last = max(recent, key=lambda failure: failure[2])
    return message, max(min(failure[1] for failure in recent), valid_from), last
