# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes a rollout: one list per kind and, while it is progressing, one watch per kind that continues where the list ended."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field

from ..causes.container_issue import issue_start_times
from ..clients.cluster.access import FORBIDDEN
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from .model import REVISION_KINDS, WORKLOAD_KINDS, Observation, Workload
from .watch import OPTIONAL_KINDS, WatchUpdate, poll_named, read_named, refusal, stored, watch_kind

DEBOUNCE = 0.05  # seconds for which updates are collected before the status is evaluated

NEEDED_REVISION_KINDS = {"Deployment": "ReplicaSet", "DaemonSet": "ControllerRevision"}  # to distinguish new pods from old ones


@dataclass
class WorkloadWatcher:
    """An observation and the watches that keep it up to date."""

    cluster: Cluster
    observation: Observation
    outages: dict[str, str] = field(default_factory=dict)  # kind to the reason why its watch is interrupted at the moment
    _versions: dict[str, str] = field(default_factory=dict)
    _updates: queue.Queue = field(default_factory=queue.Queue)
    _watching: bool = False

    @classmethod
    def open(cls, cluster: Cluster, namespace: str, workloads: tuple[Workload, ...], with_history: bool = False) -> WorkloadWatcher:
        """Lists what is needed to decide whether all workloads are complete, and with ``with_history`` their revisions."""
        watcher = cls(cluster, Observation(namespace, workloads, cluster.now()))
        kinds = sorted({workload.kind for workload in workloads})
        revisions = REVISION_KINDS if with_history else NEEDED_REVISION_KINDS
        for kind in [*kinds, *sorted({revisions[kind] for kind in kinds if kind in revisions}), "Pod"]:
            watcher._list(kind)
        watcher.observation.started = cluster.now()
        return watcher

    def watch(self) -> None:
        """Lists what is also needed to explain why a workload is not complete, and starts the watches, once."""
        if self._watching:
            return
        self._watching = True
        self._list("Event")
        for kind in OPTIONAL_KINDS:
            self._list(kind)
        self._track_since()
        for kind, version in self._versions.items():
            arguments = (self.cluster, kind, self.observation.namespace, version, self._updates.put)
            threading.Thread(target=watch_kind, args=arguments, daemon=True, name=f"watch {kind}").start()
        for kind in {workload.kind for workload in self.observation.workloads} - set(self._versions):
            named = (self.cluster, kind, self.observation.namespace, self._names(kind), self._updates.put)
            threading.Thread(target=poll_named, args=named, daemon=True, name=f"poll {kind}").start()

    def wait(self, seconds: float) -> None:
        """Returns after an update, or after that many seconds. Raises RunbookError if a watch cannot go on."""
        try:
            self._apply(self._updates.get(timeout=max(seconds, 0)))
            time.sleep(DEBOUNCE)
            while True:
                self._apply(self._updates.get_nowait())
        except queue.Empty:
            self._track_since()

    def _list(self, kind: str) -> None:
        namespace = self.observation.namespace
        try:
            items, self._versions[kind] = self.cluster.list_with_version(kind, namespace)
        except ApiError as error:
            if error.status == FORBIDDEN and kind in OPTIONAL_KINDS:
                return
            if error.status != FORBIDDEN or kind not in WORKLOAD_KINDS:
                raise refusal(error, kind, namespace, "list") from error
            items = read_named(self.cluster, kind, namespace, self._names(kind))
        self.observation.objects[kind] = stored(kind, items)

    def _names(self, kind: str) -> list[str]:
        return [workload.name for workload in self.observation.workloads if workload.kind == kind]

    def _apply(self, update: WatchUpdate) -> None:
        if update.error:
            raise update.error
        if update.outage:
            self.outages[update.kind] = update.outage
        if update.apply:
            self.outages.pop(update.kind, None)
            store = self.observation.objects[update.kind]
            before = dict(store)
            update.apply(store)
            self._record_deleted(update.kind, before, store)

    def _record_deleted(self, kind: str, before: dict, after: dict) -> None:
        if kind in {workload.kind for workload in self.observation.workloads}:
            self.observation.deleted |= {(kind, before[uid]["metadata"]["name"]) for uid in before.keys() - after.keys()}

    def _track_since(self) -> None:
        events: dict[str, list[dict]] = {}
        for event in self.observation.of("Event"):
            events.setdefault(event["involvedObject"].get("uid"), []).append(event)
        observation = self.observation
        observation.issue_start_times = issue_start_times(observation.of("Pod"), events, observation.issue_start_times, self.cluster.now())
