# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes of failure before any container of a pod runs, and of the pod as a whole. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ..clients.cluster.pods import condition
from ..workloads.daprd import dapr_enabled, daprd_of
from ..workloads.fields import containers_of, first_seen, last_seen, time_of
from ..workloads.model import Cause, WaitOptions
from ..workloads.snapshot import Snapshot, WorkloadView
from .controller import CLOCK_TOLERANCE
from .reasons import BEFORE_START, POD_FAILED, UNSCHEDULED
from .rules import FATAL, PROGRESSING, Rule, classify, find_rule

DEFAULT_SCHEDULER = "default-scheduler"
STARTING = (
    "has not started all its containers yet",
    "Pulling a large image takes time: load it before, or raise timeout. Otherwise check the node's load (kubectl top node).",
)


def sidecar_missing(view: WorkloadView, pod: dict) -> Cause | None:
    """A pod with Dapr enabled that was created without daprd: it never gets one."""
    expected = view.workload.dapr if view.workload.dapr is not None else dapr_enabled(pod)
    if not expected or daprd_of(pod):
        return None
    created = time_of(pod["metadata"]["creationTimestamp"])
    return Cause(
        workload=str(view.workload), pod=pod["metadata"]["name"], reason="SidecarMissing", category="sidecar_missing",
        summary="has no daprd container, although Dapr is enabled for it", since=created, fatal_at=created,
        message="Dapr's sidecar injector did not run when the pod was created; a sidecar is never added later.",
        hint="Wait until dapr-sidecar-injector in dapr-system is ready (kubectl get pods -n dapr-system), then restart the workload "
        "(this module with restart: always).",
    )


def scheduling_cause(view: WorkloadView, pod: dict, snapshot: Snapshot) -> Cause | None:
    """A pod for which the scheduler found no node, or that waits for an unbound claim."""
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "True" or pod["spec"].get("nodeName"):
        return None
    if scheduled.get("status") != "False":
        return _claim_cause(view, pod, snapshot)
    rule = classify(UNSCHEDULED, scheduled.get("reason", ""), scheduled.get("message", ""))
    if rule.severity == PROGRESSING or _is_scaling_up(pod, snapshot):
        return None
    since = max(time_of(scheduled["lastTransitionTime"]), _resources_freed_at(view))
    if rule.category == "claim_pending":
        claim = _claim_cause(view, pod, snapshot)
        if claim:
            return claim
    hint = _resources_hint(view, rule)
    return _pod_cause(view, pod, rule, scheduled["reason"], scheduled["message"], since, snapshot.options, hint)


def before_start_cause(view: WorkloadView, pod: dict, snapshot: Snapshot) -> Cause | None:
    """Volumes that cannot be mounted, or a sandbox that cannot be created. Only events report this while no container has started."""
    if not pod["spec"].get("nodeName") or any(_has_run(status) for _spec, status, _kind in containers_of(pod)):
        return None
    matches = []
    for event in snapshot.events_of(pod):
        rule = find_rule(BEFORE_START, event.get("reason", ""), event.get("message", ""))
        if rule and rule.severity != PROGRESSING:
            matches.append((rule.severity == FATAL, last_seen(event), rule, event))
    if not matches:
        return None
    _fatal, _last, rule, event = max(matches, key=lambda item: item[:2])
    return _pod_cause(view, pod, rule, event["reason"], event["message"], first_seen(event), snapshot.options)


def starting_cause(view: WorkloadView, pod: dict, snapshot: Snapshot) -> Cause | None:
    """A pod that is starting without an issue so far. It is a suspected cause, reported if the timeout expires first."""
    if all("running" in (status.get("state") or {}) for _spec, status, kind in containers_of(pod) if kind != "init"):
        return None
    events = sorted(snapshot.events_of(pod), key=last_seen)
    summary, hint = _unassigned(pod) or _ignored_by_node(pod, events) or STARTING
    return Cause(
        workload=str(view.workload), pod=pod["metadata"]["name"], reason="Starting", category="starting", summary=summary, hint=hint,
        message=events[-1]["message"].strip() if events else "", since=time_of(pod["metadata"]["creationTimestamp"]),
    )


def _unassigned(pod: dict) -> tuple[str, str] | None:
    """Summary and hint for a pod that no scheduler has assigned to a node, and none has refused."""
    gates = ", ".join(gate["name"] for gate in pod["spec"].get("schedulingGates") or [])
    if gates:
        return f"is held back by its scheduling gates {gates}", "The controller that set spec.schedulingGates has to remove them. Check that it runs."
    scheduler = pod["spec"].get("schedulerName", DEFAULT_SCHEDULER)
    if pod["spec"].get("nodeName") or condition(pod, "PodScheduled"):
        return None
    return f"has not been scheduled by {scheduler}", f"Check that the scheduler {scheduler} runs, or correct spec.schedulerName."


def _ignored_by_node(pod: dict, events: list[dict]) -> tuple[str, str] | None:
    """Summary and hint for a pod of which its node has not reported anything."""
    node = pod["spec"].get("nodeName")
    if not node or events or pod.get("status", {}).get("containerStatuses"):
        return None
    return f"is assigned to the node {node}, which has not started it", f"Check that the node exists and is ready: kubectl get node {node}."


def eviction_cause(view: WorkloadView, snapshot: Snapshot) -> Cause | None:
    """The node evicts the pods of the new revision, one after the other."""
    evicted = [(event, pod) for pod in view.new_pods for event in snapshot.events_of(pod) if event.get("reason") == "Evicted"]
    recent = [(event, pod) for event, pod in evicted if last_seen(event) >= snapshot.observation.started - CLOCK_TOLERANCE]
    if not recent:
        return None
    event, pod = max(recent, key=lambda item: last_seen(item[0]))
    rule = classify(POD_FAILED, "Evicted", event["message"])
    cause = _pod_cause(view, pod, rule, "Evicted", event["message"], min(first_seen(one) for one, _pod in recent), snapshot.options)
    enough = len(recent) >= snapshot.options.max_restarts
    return replace(cause, pods=len(recent), fatal_at=last_seen(event) if enough else cause.fatal_at)


def ended_causes(view: WorkloadView, snapshot: Snapshot) -> list[Cause]:
    """Pods that terminated as a whole (evicted, rejected by the node). They count only while no other pod has replaced them."""
    if view.active:
        return []
    causes = []
    for pod in view.new_pods:
        status = pod.get("status", {})
        if status.get("phase") == "Failed" and "deletionTimestamp" not in pod["metadata"]:
            reason, message = status.get("reason") or "Failed", status.get("message") or ""
            since = max(time_of(pod["metadata"]["creationTimestamp"]), snapshot.observation.started)
            causes.append(_pod_cause(view, pod, classify(POD_FAILED, reason, message), reason, message, since, snapshot.options))
    return causes


def _has_run(status: dict) -> bool:
    return bool(status.get("lastState")) or bool({"running", "terminated"} & set(status.get("state") or {}))


def _claim_cause(view: WorkloadView, pod: dict, snapshot: Snapshot) -> Cause | None:
    """A claim of the pod that is not bound, with the last message of its provisioner."""
    for volume in pod["spec"].get("volumes") or []:
        claim = snapshot.claims.get((volume.get("persistentVolumeClaim") or {}).get("claimName"))
        if claim and claim.get("status", {}).get("phase") != "Bound":
            return _pending_claim(view, pod, claim, snapshot)
    return None


def _pending_claim(view: WorkloadView, pod: dict, claim: dict, snapshot: Snapshot) -> Cause:
    events = sorted(snapshot.events_of(claim), key=last_seen)
    message = events[-1]["message"] if events else "there are no events about it"
    rule = next(rule for rule in UNSCHEDULED if rule.category == "claim_pending")
    since = max(time_of(claim["metadata"]["creationTimestamp"]), time_of(pod["metadata"]["creationTimestamp"]))
    text = f"PersistentVolumeClaim {claim['metadata']['name']} is {claim.get('status', {}).get('phase', 'Pending')}: {message}"
    return _pod_cause(view, pod, rule, "ClaimPending", text, since, snapshot.options)


def _is_scaling_up(pod: dict, snapshot: Snapshot) -> bool:
    return any(event.get("reason") == "TriggeredScaleUp" for event in snapshot.events_of(pod))


def _resources_freed_at(view: WorkloadView) -> datetime:
    """When the last terminating pod must be gone: until then, and for scheduling_timeout after it, resources may become free."""
    moments = [pod["metadata"]["deletionTimestamp"] for pod in view.terminating]
    return max(map(time_of, [*moments, view.obj["metadata"]["creationTimestamp"]]))


def _resources_hint(view: WorkloadView, rule: Rule) -> str:
    if rule.category != "insufficient_resources" or not view.old_pods or not _keeps_all_old_pods(view):
        return rule.hint
    value = view.obj["spec"]["strategy"]["rollingUpdate"].get("maxUnavailable", "25%")
    of_pods = f" ({value} of {view.desired})" if str(value).endswith("%") else ""
    return f"maxUnavailable is 0{of_pods}, so a new pod needs resources in addition to the old ones: set it to 1. Or: " + rule.hint


def _keeps_all_old_pods(view: WorkloadView) -> bool:
    """Whether a rolling update may not terminate an old pod before its replacement is ready; a percentage is rounded down."""
    update = (view.obj["spec"].get("strategy") or {}).get("rollingUpdate")
    if update is None:
        return False
    value = str(update.get("maxUnavailable", "25%"))
    return (int(value[:-1]) * view.desired // 100 if value.endswith("%") else int(value)) == 0


def _pod_cause(
    view: WorkloadView, pod: dict, rule: Rule, reason: str, message: str, since: datetime, options: WaitOptions, hint: str = ""
) -> Cause:
    limit = timedelta(seconds=getattr(options, rule.limit)) if rule.limit else timedelta()
    return Cause(
        workload=str(view.workload), pod=pod["metadata"]["name"], reason=reason, category=rule.category, summary=rule.summary,
        hint=hint or rule.hint, message=message.strip(), since=since, fatal_at=since + limit,
    )
