# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a rollout consists of: one list a kind, and, while it is under way, one watch a kind from where the list ended."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.containers import stuck_since
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.follow import (
    OPTIONAL,
    Change,
    follow,
    follow_named,
    forbidden,
    read_named,
    stored,
)
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import STORED_IN, WORKLOAD_KINDS, Observation, Workload

GATHER = 0.05  # seconds for which changes are gathered, so that a burst of them is judged once

REVISIONS = {"Deployment": "ReplicaSet", "DaemonSet": "ControllerRevision"}


@dataclass
class Feed:
    """An observation and what keeps it up to date."""

    cluster: Cluster
    observation: Observation
    outages: dict[str, str] = field(default_factory=dict)  # kinds whose watch is broken at present, and why
    _versions: dict[str, str] = field(default_factory=dict)
    _changes: queue.Queue = field(default_factory=queue.Queue)
    _watching: bool = False

    @classmethod
    def open(cls, cluster: Cluster, namespace: str, workloads: tuple[Workload, ...], with_history: bool = False) -> Feed:
        """Lists what is needed to tell whether everything is complete, and with the revisions of all workloads if asked."""
        feed = cls(cluster, Observation(namespace, workloads, cluster.now()))
        kinds = sorted({workload.kind for workload in workloads})
        kept = STORED_IN if with_history else REVISIONS
        for kind in [*kinds, *sorted({kept[kind] for kind in kinds if kind in kept}), "Pod"]:
            feed._list(kind)
        feed.observation.started = cluster.now()
        return feed

    def watch(self) -> None:
        """Lists what is needed besides to tell why something is not complete, and begins to watch every kind, once."""
        if self._watching:
            return
        self._watching = True
        self._list("Event")
        for kind in OPTIONAL:
            self._list(kind)
        self._note_stuck()
        for kind, version in self._versions.items():
            arguments = (self.cluster, kind, self.observation.namespace, version, self._changes.put)
            threading.Thread(target=follow, args=arguments, daemon=True, name=f"watch {kind}").start()
        for kind in {workload.kind for workload in self.observation.workloads} - set(self._versions):
            named = (self.cluster, kind, self.observation.namespace, self._names(kind), self._changes.put)
            threading.Thread(target=follow_named, args=named, daemon=True, name=f"read {kind}").start()

    def wait(self, seconds: float) -> None:
        """Returns when something has changed, or after that many seconds. Raises RunbookError where a watch can't go on."""
        try:
            self._take(self._changes.get(timeout=max(seconds, 0)))
            time.sleep(GATHER)
            while True:
                self._take(self._changes.get_nowait())
        except queue.Empty:
            self._note_stuck()

    def _list(self, kind: str) -> None:
        namespace = self.observation.namespace
        try:
            items, self._versions[kind] = self.cluster.list_with_version(kind, namespace)
        except ApiError as error:
            if error.status == 403 and kind in OPTIONAL:
                return
            if error.status != 403 or kind not in WORKLOAD_KINDS:
                raise forbidden(error, kind, namespace, "list") from error
            items = read_named(self.cluster, kind, namespace, self._names(kind))
        self.observation.objects[kind] = stored(kind, items)

    def _names(self, kind: str) -> list[str]:
        return [workload.name for workload in self.observation.workloads if workload.kind == kind]

    def _take(self, change: Change) -> None:
        if change.error:
            raise change.error
        if change.outage:
            self.outages[change.kind] = change.outage
        if change.apply:
            self.outages.pop(change.kind, None)
            store = self.observation.objects[change.kind]
            before = dict(store)
            change.apply(store)
            self._note_deleted(change.kind, before, store)

    def _note_deleted(self, kind: str, before: dict, after: dict) -> None:
        if kind in {workload.kind for workload in self.observation.workloads}:
            gone = {(kind, before[uid]["metadata"]["name"]) for uid in before.keys() - after.keys()}
            self.observation.deleted |= gone

    def _note_stuck(self) -> None:
        events: dict[str, list[dict]] = {}
        for event in self.observation.of("Event"):
            events.setdefault(event["involvedObject"].get("uid"), []).append(event)
        self.observation.first_seen = stuck_since(self.observation.of("Pod"), events, self.observation.first_seen, self.cluster.now())
