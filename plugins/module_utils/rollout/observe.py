# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a rollout consists of: one list a kind, and, while it is under way, one watch a kind from where the list ended."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.containers import stuck_since
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.model import Observation, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import STORED_IN

WATCH_SECONDS = 30  # a watch is renewed this often, so that a connection that died silently is noticed
PAUSE = 1  # seconds between attempts while the API server does not answer
GATHER = 0.05  # seconds for which changes are gathered, so that a burst of them is judged once

REVISIONS = {"Deployment": "ReplicaSet", "DaemonSet": "ControllerRevision"}
OPTIONAL = ("PersistentVolumeClaim",)  # without it a pending claim is still told, by the scheduler's message
STEPS = {
    "Pod": "to see whether the new pods serve",
    "ReplicaSet": "to know which pods are of a Deployment's new revision",
    "ControllerRevision": "to know the revisions of DaemonSets and StatefulSets",
    "Event": "to name the cause of a failure",
}


@dataclass(frozen=True)
class Change:
    """What a watch has to tell: ``apply`` changes the store of its kind, an outage passes, an error ends the wait."""

    kind: str
    apply: Callable[[dict], None] | None = None
    outage: str = ""
    error: Exception | None = None


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
        self._list("PersistentVolumeClaim")
        self._note_stuck()
        for kind, version in self._versions.items():
            arguments = (self.cluster, kind, self.observation.namespace, version, self._changes.put)
            threading.Thread(target=follow, args=arguments, daemon=True, name=f"watch {kind}").start()

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
            raise _forbidden(error, kind, namespace, "list") from error
        self.observation.objects[kind] = _stored(kind, items)

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


def follow(cluster: Cluster, kind: str, namespace: str, version: str, put: Callable[[Change], None]) -> None:
    """Watches one kind for ever and puts what it is told; lists again where the version is too old (410) or the API was away."""
    while True:
        try:
            if not version:
                items, version = cluster.list_with_version(kind, namespace)
                put(Change(kind, _replace(kind, items)))
            for event, obj in cluster.watch(kind, namespace, version, WATCH_SECONDS):
                version = obj["metadata"]["resourceVersion"]
                if event != "BOOKMARK":
                    put(Change(kind, _update(kind, event, obj)))
        except (ApiError, Unreachable) as error:
            status = getattr(error, "status", None)
            if status in (401, 403):
                if kind not in OPTIONAL:
                    put(Change(kind, error=_forbidden(error, kind, namespace, "watch")))
                return
            version = ""
            if status != 410:
                put(Change(kind, outage=str(error)))
                time.sleep(PAUSE)
        except Exception as error:  # a thread's failure must not pass unseen: it is raised where the wait is
            put(Change(kind, error=error))
            return


def _forbidden(error: ApiError, kind: str, namespace: str, verb: str) -> RunbookError:
    if error.status != 403:
        return error
    step = STEPS.get(kind, "to see how far its rollout is")
    what = f"{verb} {kind} objects in namespace {namespace}"
    return RunbookError(f"Not allowed to {what}, which is needed {step}. Grant get, list and watch on them.")


def _stored(kind: str, items: list[dict]) -> dict[str, dict]:
    return {item["metadata"]["uid"]: _slim(kind, item) for item in items}


def _slim(kind: str, obj: dict) -> dict:
    """Drops the bulky record of who wrote which field, where nothing is read from it."""
    if kind not in REVISIONS and kind != "StatefulSet":
        obj["metadata"].pop("managedFields", None)
    return obj


def _replace(kind: str, items: list[dict]) -> Callable[[dict], None]:
    def apply(store: dict) -> None:
        store.clear()
        store.update(_stored(kind, items))

    return apply


def _update(kind: str, event: str, obj: dict) -> Callable[[dict], None]:
    def apply(store: dict) -> None:
        if event == "DELETED":
            store.pop(obj["metadata"]["uid"], None)
        else:
            store[obj["metadata"]["uid"]] = _slim(kind, obj)

    return apply
