# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was observed, arranged so that one workload can be judged: which pods are of its new revision, which events are whose. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import is_active, owner_uid
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Observation, Options, Workload

DEPLOYMENT_REVISION = "deployment.kubernetes.io/revision"
POD_REVISION = {"Deployment": "pod-template-hash", "StatefulSet": "controller-revision-hash", "DaemonSet": "controller-revision-hash"}


@dataclass(frozen=True)
class Subject:
    """One workload as observed. ``creator``: the object whose controller makes its new pods (a ReplicaSet, or itself)."""

    workload: Workload
    obj: dict
    creator: dict | None
    revision: str  # what the new pods carry in their revision label, "" while it is not known
    new_pods: tuple[dict, ...]
    old_pods: tuple[dict, ...]  # those that count
    leaving: tuple[dict, ...]  # those of any revision that are being deleted

    @property
    def active(self) -> list[dict]:
        """The new revision's pods that count."""
        return [pod for pod in self.new_pods if is_active(pod)]

    @property
    def desired(self) -> int:
        """How many pods of the new revision there shall be."""
        if self.workload.kind == "DaemonSet":
            return self.obj.get("status", {}).get("desiredNumberScheduled", 0)
        replicas = self.obj["spec"].get("replicas", 1)
        return max(replicas - self.partition, 0)

    @property
    def partition(self) -> int:
        """How many of a StatefulSet's pods keep the former revision on purpose."""
        strategy = self.obj["spec"].get("updateStrategy") or {}
        return (strategy.get("rollingUpdate") or {}).get("partition") or 0

    @property
    def is_seen(self) -> bool:
        """Whether the controller has taken notice of the last change of the spec."""
        return self.obj.get("status", {}).get("observedGeneration", 0) >= self.obj["metadata"].get("generation", 0)


class Scene:
    """An observation at one moment, indexed."""

    def __init__(self, observation: Observation, now: datetime, options: Options):
        self.observation = observation
        self.now = now
        self.options = options
        self._by_owner = defaultdict(list)
        for kind in ("Pod", "ReplicaSet", "ControllerRevision"):
            for obj in observation.of(kind):
                self._by_owner[kind, owner_uid(obj)].append(obj)
        self._events = defaultdict(list)
        for event in observation.of("Event"):
            self._events[event["involvedObject"].get("uid")].append(event)
        self.claims = {claim["metadata"]["name"]: claim for claim in observation.of("PersistentVolumeClaim")}
        self._named = {
            (kind, obj["metadata"]["name"]): obj for kind in {item.kind for item in observation.workloads} for obj in observation.of(kind)
        }

    def events_of(self, obj: dict) -> list[dict]:
        """The events about an object."""
        return self._events[obj["metadata"]["uid"]]

    def subject(self, workload: Workload) -> Subject | None:
        """A workload with its pods, None where it does not exist."""
        obj = self._named.get((workload.kind, workload.name))
        if obj is None:
            return None
        creator, revision = self._new_revision(workload.kind, obj)
        label = POD_REVISION[workload.kind]
        pods = self._pods_of(workload.kind, obj)
        new = [pod for pod in pods if revision and (pod["metadata"].get("labels") or {}).get(label) == revision]
        known = {pod["metadata"]["uid"] for pod in new}
        old = [pod for pod in pods if pod["metadata"]["uid"] not in known and is_active(pod)]
        leaving = [pod for pod in pods if "deletionTimestamp" in pod["metadata"]]
        return Subject(workload, obj, creator, revision, tuple(new), tuple(old), tuple(leaving))

    def _pods_of(self, kind: str, obj: dict) -> list[dict]:
        uid = obj["metadata"]["uid"]
        if kind != "Deployment":
            return self._by_owner["Pod", uid]
        sets = self._by_owner["ReplicaSet", uid]
        return [pod for replica_set in sets for pod in self._by_owner["Pod", replica_set["metadata"]["uid"]]]

    def _new_revision(self, kind: str, obj: dict) -> tuple[dict | None, str]:
        if kind == "StatefulSet":
            return obj, obj.get("status", {}).get("updateRevision", "")
        label = POD_REVISION[kind]
        owned = self._by_owner["ReplicaSet" if kind == "Deployment" else "ControllerRevision", obj["metadata"]["uid"]]
        newest = _newest_replica_set(obj, owned) if kind == "Deployment" else max(owned, key=lambda item: item["revision"], default=None)
        if newest is None:
            return None, ""
        revision = newest["metadata"].get("labels", {}).get(label, "")
        return (newest if kind == "Deployment" else obj), revision


def _newest_replica_set(deployment: dict, owned: list[dict]) -> dict | None:
    """The ReplicaSet that the Deployment's controller calls its current one (the same revision annotation)."""
    wanted = (deployment["metadata"].get("annotations") or {}).get(DEPLOYMENT_REVISION)
    return next((item for item in owned if (item["metadata"].get("annotations") or {}).get(DEPLOYMENT_REVISION) == wanted), None)
