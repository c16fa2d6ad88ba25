# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes that a pod tells before any of its containers runs, and those of its spec. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.workloads import reasons
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.daprd import asks_for_dapr, daprd_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import (
    condition,
    containers_of,
    first_seen,
    last_seen,
    time_of,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Cause, Options
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.reasons import Rule, classify
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene, Subject


def sidecar_missing(subject: Subject, pod: dict) -> Cause | None:
    """A pod that asks for Dapr and was created without daprd: it never gets one."""
    wanted = subject.workload.dapr if subject.workload.dapr is not None else asks_for_dapr(pod)
    if not wanted or daprd_of(pod):
        return None
    created = time_of(pod["metadata"]["creationTimestamp"])
    return Cause(
        workload=str(subject.workload), pod=pod["metadata"]["name"], reason="SidecarMissing", category="sidecar_missing",
        says="asks for Dapr, but was created without its sidecar daprd", since=created, due=created,
        message="Dapr's sidecar injector did not act when the pod was created; a pod is never given a sidecar later.",
        hint="Wait until dapr-sidecar-injector in dapr-system is ready (kubectl get pods -n dapr-system), then restart the workload "
        "(this module with restart: always).",
    )


def scheduling_cause(subject: Subject, pod: dict, scene: Scene) -> Cause | None:
    """A pod that the scheduler found no node for, or whose claim keeps it from being scheduled."""
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "True" or pod["spec"].get("nodeName"):
        return None
    if scheduled.get("status") != "False":
        return _claim_cause(subject, pod, scene)
    rule = classify(reasons.UNSCHEDULED, scheduled.get("reason", ""), scheduled.get("message", ""))
    if rule.verdict == reasons.PROGRESSING or _node_is_coming(pod, scene):
        return None
    since = max(time_of(scheduled["lastTransitionTime"]), _room_freed(subject))
    if rule.category == "claim_pending":
        claim = _claim_cause(subject, pod, scene)
        if claim:
            return claim
    hint = _room_hint(subject, rule)
    return _pod_cause(subject, pod, rule, scheduled["reason"], scheduled["message"], since, scene.options, hint)


def before_start_cause(subject: Subject, pod: dict, scene: Scene) -> Cause | None:
    """Volumes that don't mount, a sandbox that can't be made: told by events only, while nothing has started."""
    if not pod["spec"].get("nodeName") or any(_has_run(status) for _spec, status, _kind in containers_of(pod)):
        return None
    found = []
    for event in scene.events_of(pod):
        rule = classify(reasons.BEFORE_START, event.get("reason", ""), event.get("message", ""))
        if rule and rule.verdict != reasons.PROGRESSING:
            found.append((rule.verdict == reasons.FATAL, last_seen(event), rule, event))
    if not found:
        return None
    _fatal, _last, rule, event = max(found, key=lambda item: item[:2])
    return _pod_cause(subject, pod, rule, event["reason"], event["message"], first_seen(event), scene.options)


def starting_cause(subject: Subject, pod: dict, scene: Scene) -> Cause | None:
    """A pod that starts without any trouble so far: a suspect only, for when the time is over before it has started."""
    if all("running" in (status.get("state") or {}) for _spec, status, kind in containers_of(pod) if kind != "init"):
        return None
    told = sorted(scene.events_of(pod), key=last_seen)
    return Cause(
        workload=str(subject.workload), pod=pod["metadata"]["name"], reason="Starting", category="starting",
        says="has not started all its containers yet", message=told[-1]["message"].strip() if told else "",
        since=time_of(pod["metadata"]["creationTimestamp"]),
        hint="Pulling a large image takes time: load it before, or raise timeout. Else look at the node's load (kubectl top node).",
    )


def ended_causes(subject: Subject, scene: Scene) -> list[Cause]:
    """Pods that ended as a whole (evicted, refused by the node). They count only while no other has taken their place."""
    if subject.active:
        return []
    causes = []
    for pod in subject.new_pods:
        status = pod.get("status", {})
        if status.get("phase") == "Failed" and "deletionTimestamp" not in pod["metadata"]:
            reason, message = status.get("reason") or "Failed", status.get("message") or ""
            since = max(time_of(pod["metadata"]["creationTimestamp"]), scene.observation.started)
            causes.append(_pod_cause(subject, pod, classify(reasons.POD_FAILED, reason, message), reason, message, since, scene.options))
    return causes


def _has_run(status: dict) -> bool:
    return bool(status.get("lastState")) or bool({"running", "terminated"} & set(status.get("state") or {}))


def _claim_cause(subject: Subject, pod: dict, scene: Scene) -> Cause | None:
    """A claim of the pod that is not bound, with the last that its provisioner said."""
    for volume in pod["spec"].get("volumes") or []:
        claim = scene.claims.get((volume.get("persistentVolumeClaim") or {}).get("claimName"))
        if claim and claim.get("status", {}).get("phase") != "Bound":
            return _pending_claim(subject, pod, claim, scene)
    return None


def _pending_claim(subject: Subject, pod: dict, claim: dict, scene: Scene) -> Cause:
    told = sorted(scene.events_of(claim), key=last_seen)
    message = told[-1]["message"] if told else "nothing was said about it"
    rule = next(rule for rule in reasons.UNSCHEDULED if rule.category == "claim_pending")
    since = max(time_of(claim["metadata"]["creationTimestamp"]), time_of(pod["metadata"]["creationTimestamp"]))
    text = f"PersistentVolumeClaim {claim['metadata']['name']} is {claim.get('status', {}).get('phase', 'Pending')}: {message}"
    return _pod_cause(subject, pod, rule, "ClaimPending", text, since, scene.options)


def _node_is_coming(pod: dict, scene: Scene) -> bool:
    return any(event.get("reason") == "TriggeredScaleUp" for event in scene.events_of(pod))


def _room_freed(subject: Subject) -> datetime:
    """When the last pod that is being deleted has to be gone: until then, and a grace time longer, room may appear."""
    moments = [pod["metadata"]["deletionTimestamp"] for pod in subject.leaving]
    return max(map(time_of, [*moments, subject.obj["metadata"]["creationTimestamp"]]))


def _room_hint(subject: Subject, rule: Rule) -> str:
    if rule.category != "no_room" or not subject.old_pods or not _keeps_all(subject):
        return rule.hint
    given = subject.obj["spec"]["strategy"]["rollingUpdate"].get("maxUnavailable", "25%")
    of_pods = f" ({given} of {subject.desired})" if str(given).endswith("%") else ""
    return f"maxUnavailable is 0{of_pods}, so a new pod needs room beside the old ones: set it to 1. Or: " + rule.hint


def _keeps_all(subject: Subject) -> bool:
    """Whether a rolling update may end no old pod before its successor serves; a percentage is rounded down."""
    update = (subject.obj["spec"].get("strategy") or {}).get("rollingUpdate")
    if update is None:
        return False
    given = str(update.get("maxUnavailable", "25%"))
    return (int(given[:-1]) * subject.desired // 100 if given.endswith("%") else int(given)) == 0


def _pod_cause(
    subject: Subject, pod: dict, rule: Rule, reason: str, message: str, since: datetime, options: Options, hint: str = ""
) -> Cause:
    grace = timedelta(seconds=getattr(options, rule.grace)) if rule.grace else timedelta()
    return Cause(
        workload=str(subject.workload), pod=pod["metadata"]["name"], reason=reason, category=rule.category, says=rule.says,
        hint=hint or rule.hint, message=message.strip(), since=since, due=since + grace,
    )
