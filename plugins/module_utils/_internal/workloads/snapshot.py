# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An observation at one moment, indexed by workload: its pods by revision, and the events of each object. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from ..clients.cluster.pods import is_active
from .fields import owner_uid
from .model import Observation, WaitOptions, Workload

DEPLOYMENT_REVISION = "deployment.kubernetes.io/revision"
REVISION_LABELS = {"Deployment": "pod-template-hash", "StatefulSet": "controller-revision-hash", "DaemonSet": "controller-revision-hash"}


@dataclass(frozen=True)
class WorkloadView:
    """One workload as observed. ``pod_owner``: the object whose controller creates its new pods (a ReplicaSet, or the workload)."""

    workload: Workload
    obj: dict
    pod_owner: dict | None
    revision: str  # the value of the new pods' revision label, "" while it is not known
    new_pods: tuple[dict, ...]
    old_pods: tuple[dict, ...]  # active ones only
    terminating: tuple[dict, ...]  # of any revision

    @property
    def active(self) -> list[dict]:
        """The active pods of the new revision."""
        return [pod for pod in self.new_pods if is_active(pod)]

    @property
    def desired(self) -> int:
        """The desired number of pods of the new revision."""
        if self.workload.kind == "DaemonSet":
            return self.obj.get("status", {}).get("desiredNumberScheduled", 0)
        replicas = self.obj["spec"].get("replicas", 1)
        return max(replicas - self.partition, 0)

    @property
    def partition(self) -> int:
        """How many pods of a StatefulSet keep the previous revision on purpose."""
        strategy = self.obj["spec"].get("updateStrategy") or {}
        return (strategy.get("rollingUpdate") or {}).get("partition") or 0

    @property
    def is_observed(self) -> bool:
        """Whether the controller has observed the last change of the spec."""
        return self.obj.get("status", {}).get("observedGeneration", 0) >= self.obj["metadata"].get("generation", 0)


class Snapshot:
    """An observation at one moment, indexed."""

    def __init__(self, observation: Observation, now: datetime, options: WaitOptions):
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
        self._by_name = {
            (kind, obj["metadata"]["name"]): obj for kind in {item.kind for item in observation.workloads} for obj in observation.of(kind)
        }

    def events_of(self, obj: dict) -> list[dict]:
        """The events about an object."""
        return self._events[obj["metadata"]["uid"]]

    def view(self, workload: Workload) -> WorkloadView | None:
        """A workload with its pods, None if it does not exist."""
        obj = self._by_name.get((workload.kind, workload.name))
        if obj is None:
            return None
        pod_owner, revision = self._new_revision(workload.kind, obj)
        label = REVISION_LABELS[workload.kind]
        pods = self._pods_of(workload.kind, obj)
        new = [pod for pod in pods if revision and (pod["metadata"].get("labels") or {}).get(label) == revision]
        new_uids = {pod["metadata"]["uid"] for pod in new}
        old = [pod for pod in pods if pod["metadata"]["uid"] not in new_uids and is_active(pod)]
        terminating = [pod for pod in pods if "deletionTimestamp" in pod["metadata"]]
        return WorkloadView(workload, obj, pod_owner, revision, tuple(new), tuple(old), tuple(terminating))

    def views(self) -> list[WorkloadView]:
        """All workloads that exist, in the order of the options."""
        return list(filter(None, map(self.view, self.observation.workloads)))

    def _pods_of(self, kind: str, obj: dict) -> list[dict]:
        uid = obj["metadata"]["uid"]
        if kind != "Deployment":
            return self._by_owner["Pod", uid]
        sets = self._by_owner["ReplicaSet", uid]
        return [pod for replica_set in sets for pod in self._by_owner["Pod", replica_set["metadata"]["uid"]]]

    def _new_revision(self, kind: str, obj: dict) -> tuple[dict | None, str]:
        if kind == "StatefulSet":
            return obj, obj.get("status", {}).get("updateRevision", "")
        label = REVISION_LABELS[kind]
        owned = self._by_owner["ReplicaSet" if kind == "Deployment" else "ControllerRevision", obj["metadata"]["uid"]]
        newest = _newest_replica_set(obj, owned) if kind == "Deployment" else max(owned, key=lambda item: item["revision"], default=None)
        if newest is None:
            return None, ""
        revision = newest["metadata"].get("labels", {}).get(label, "")
        return (newest if kind == "Deployment" else obj), revision


def _newest_replica_set(deployment: dict, owned: list[dict]) -> dict | None:
    """The ReplicaSet of the Deployment's current revision: both have the same revision annotation."""
    current = (deployment["metadata"].get("annotations") or {}).get(DEPLOYMENT_REVISION)
    return next((item for item in owned if (item["metadata"].get("annotations") or {}).get(DEPLOYMENT_REVISION) == current), None)
