# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Follows one kind of objects: by a watch, or, where only single objects may be read, by reading those again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import WORKLOAD_KINDS

WATCH_SECONDS = 30  # a watch is renewed this often, so that a connection that died silently is noticed
PAUSE = 1  # seconds between attempts while the API server does not answer, and between reads where it may not be watched

OPTIONAL = ("HorizontalPodAutoscaler", "PersistentVolumeClaim")  # they explain better what is told without them too
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
                    put(Change(kind, error=forbidden(error, kind, namespace, "watch")))
                return
            version = ""
            if status != 410:
                put(Change(kind, outage=str(error)))
                time.sleep(PAUSE)
        except Exception as error:  # a thread's failure must not pass unseen: it is raised where the wait is
            put(Change(kind, error=error))
            return


def read_named(cluster: Cluster, kind: str, namespace: str, names: list[str]) -> list[dict]:
    """Those of the named objects that exist, each by itself. Raises RunbookError where that is not allowed either."""
    try:
        return list(filter(None, (cluster.get(kind, name, namespace) for name in names)))
    except ApiError as error:
        raise forbidden(error, kind, namespace, "list") from error


def follow_named(cluster: Cluster, kind: str, namespace: str, names: list[str], put: Callable[[Change], None]) -> None:
    """As follow, for somebody who may only get those objects: reads them again and again."""
    while True:
        time.sleep(PAUSE)
        try:
            put(Change(kind, _replace(kind, read_named(cluster, kind, namespace, names))))
        except (ApiError, Unreachable) as error:
            put(Change(kind, outage=str(error)))
        except Exception as error:  # a refusal, or a thread's failure must not pass unseen: it is raised where the wait is
            put(Change(kind, error=error))
            return


def forbidden(error: ApiError, kind: str, namespace: str, verb: str) -> RunbookError:
    """The refusal as a sentence that names the permission and what it is needed for; other errors as they are."""
    if error.status != 403:
        return error
    step = STEPS.get(kind, "to see how far its rollout is")
    what = f"{verb} {kind} objects in namespace {namespace}"
    single = ", or get on those that the option workloads names" if kind in WORKLOAD_KINDS else ""
    return RunbookError(f"Not allowed to {what}, which is needed {step}. Grant get, list and watch on them{single}.")


def stored(kind: str, items: list[dict]) -> dict[str, dict]:
    """Objects by their UID."""
    return {item["metadata"]["uid"]: _slim(kind, item) for item in items}


def _slim(kind: str, obj: dict) -> dict:
    """Drops the bulky record of who wrote which field, where nothing is read from it."""
    if kind not in WORKLOAD_KINDS:
        obj["metadata"].pop("managedFields", None)
    return obj


def _replace(kind: str, items: list[dict]) -> Callable[[dict], None]:
    def apply(store: dict) -> None:
        store.clear()
        store.update(stored(kind, items))

    return apply


def _update(kind: str, event: str, obj: dict) -> Callable[[dict], None]:
    def apply(store: dict) -> None:
        if event == "DELETED":
            store.pop(obj["metadata"]["uid"], None)
        else:
            store[obj["metadata"]["uid"]] = _slim(kind, obj)

    return apply
