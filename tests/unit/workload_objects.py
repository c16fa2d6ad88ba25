# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects in the shape in which the API sends them, for the tests of the status."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.runbook.minikube.plugins.module_utils._internal.causes.container_issue import issue_start_times
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import Observation, WaitOptions, Workload
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.status import evaluate

START = datetime(2025, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
WEB = Workload("Deployment", "web")


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


def meta(name, uid=None, owner=None, **extra):
    owners = [{"kind": "any", "name": "any", "uid": owner, "controller": True}] if owner else []
    return {"name": name, "namespace": "default", "uid": uid or name, "creationTimestamp": at(0), "ownerReferences": owners, **extra}


def deployment(replicas=1, generation=2, observed=2, updated=None, available=None, total=None, conditions=(), annotations=None, **spec):
    template = {"metadata": {"annotations": annotations or {}}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    updated = replicas if updated is None else updated
    status = {
        "observedGeneration": observed,
        "replicas": updated if total is None else total,
        "updatedReplicas": updated,
        "availableReplicas": 0 if available is None else available,
        "conditions": list(conditions),
    }
    annotations = {"deployment.kubernetes.io/revision": "2"}
    return {
        "metadata": meta("web", generation=generation, annotations=annotations),
        "spec": {"replicas": replicas, "template": template, **spec},
        "status": status,
    }


def replica_set(hash_="new", revision="2", conditions=()):
    metadata = meta(
        f"web-{hash_}", owner="web", labels={"pod-template-hash": hash_}, annotations={"deployment.kubernetes.io/revision": revision}
    )
    return {"metadata": metadata, "spec": {}, "status": {"conditions": list(conditions)}}


def container_status(name="app", state=None, last=None, restarts=0, ready=False):
    return {
        "name": name,
        "state": state or {},
        "lastState": last or {},
        "restartCount": restarts,
        "ready": ready,
        "image": "app:1",
        "imageID": "docker://sha256:1",
    }


def waiting(reason, message=""):
    return {"waiting": {"reason": reason, "message": message}}


def terminated(reason, code, message=""):
    return {"terminated": {"reason": reason, "exitCode": code, "message": message, "startedAt": at(1), "finishedAt": at(2)}}


def running(since=1):
    return {"running": {"startedAt": at(since)}}


SCHEDULED = {"type": "PodScheduled", "status": "True", "lastTransitionTime": at(0)}


def pod(name="web-new-1", hash_="new", statuses=(), init_statuses=(), containers=None, init_containers=None, scheduled=True, **more):
    """A pod; ``scheduled``: True, the condition PodScheduled, or None for no such condition yet."""
    scheduled = SCHEDULED if scheduled is True else scheduled
    owner = more.pop("owner", f"web-{hash_}")
    label = more.pop("label", "pod-template-hash")
    spec = {
        "containers": containers or [{"name": "app", "image": "app:1", "readinessProbe": {}}],
        "initContainers": init_containers or [],
        "volumes": more.pop("volumes", []),
    }
    if scheduled and scheduled["status"] == "True":
        spec["nodeName"] = "minikube"
    status = {
        "phase": more.pop("phase", "Pending"),
        "reason": more.pop("reason", None),
        "conditions": [scheduled] if scheduled else [],
        "containerStatuses": list(statuses),
        "initContainerStatuses": list(init_statuses),
    }
    return {"metadata": meta(name, owner=owner, labels={label: hash_}, **more), "spec": spec, "status": status}


def event(uid, reason, message, first=1, last=None, field=None):
    involved = {"uid": uid, "fieldPath": field} if field else {"uid": uid}
    metadata = meta(f"event-{uid}-{reason}-{first}-{hash(message)}")
    return {
        "metadata": metadata,
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "firstTimestamp": at(first),
        "lastTimestamp": at(first if last is None else last),
    }


def observe(*, pods=(), events=(), workloads=(WEB,), **kinds):
    objects = {"Pod": pods, "Event": events, **kinds}
    return Observation(
        "default", tuple(workloads), START, {kind: {obj["metadata"]["uid"]: obj for obj in items} for kind, items in objects.items()}
    )


def web(*pods, events=(), deploy=None, sets=None, workloads=(WEB,), **kinds):
    """An observation of the Deployment web."""
    return observe(
        pods=pods,
        events=events,
        workloads=workloads,
        Deployment=[deploy or deployment(total=len(pods))],
        ReplicaSet=sets or [replica_set()],
        **kinds,
    )


def status_of(observation, seconds=1.0, options=None):
    """The status so many seconds after the start, as observed since second 1."""
    events: dict = {}
    for item in observation.of("Event"):
        events.setdefault(item["involvedObject"]["uid"], []).append(item)
    observation.issue_start_times = issue_start_times(observation.of("Pod"), events, observation.issue_start_times, START + timedelta(seconds=1))
    return evaluate(observation, START + timedelta(seconds=seconds), options or WaitOptions())


def broken(status, kind="container", events=()):
    """The Deployment web whose one pod has one container in that state, as an ordinary, init or sidecar container."""
    if kind == "container":
        return web(pod(statuses=[status]), events=events)
    spec = {"name": "app", "image": "app:1", **({"restartPolicy": "Always"} if kind == "sidecar" else {})}
    rest = [{"name": "main", "image": "app:1", "readinessProbe": {}}]
    later = [container_status("main", waiting("PodInitializing"))]
    return web(pod(statuses=later, init_statuses=[status], containers=rest, init_containers=[spec]), events=events)
