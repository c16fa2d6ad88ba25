# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The loop that keeps the objects of one kind up to date: by a watch, or, without the permission to list them, by reading them one by one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..clients.cluster.access import FORBIDDEN, not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError, Unreachable
from .model import WORKLOAD_KINDS

WATCH_SECONDS = 30  # a watch is renewed this often, so that a dead connection is detected
PAUSE = 1  # seconds between attempts while the API server does not answer, and between reads of single objects

OPTIONAL_KINDS = ("HorizontalPodAutoscaler", "PersistentVolumeClaim")  # they only make the explanation more precise
PURPOSES = {
    "Pod": "to check whether the new pods are ready",
    "ReplicaSet": "to find the pods of a Deployment's new revision",
    "ControllerRevision": "to read the revisions of DaemonSets and StatefulSets",
    "Event": "to report the cause of a failure",
}


@dataclass(frozen=True)
class WatchUpdate:
    """One message of a watch: ``apply`` changes the store of its kind, an outage may pass, an error ends the wait."""

    kind: str
    apply: Callable[[dict], None] | None = None
    outage: str = ""
    error: Exception | None = None


def watch_kind(cluster: Cluster, kind: str, namespace: str, version: str, put: Callable[[WatchUpdate], None]) -> None:
    """Watches one kind forever. Lists again if the version is too old (410) or the API server did not answer."""
    while True:
        try:
            if not version:
                items, version = cluster.list_with_version(kind, namespace)
                put(WatchUpdate(kind, _replace(kind, items)))
            for event, obj in cluster.watch(kind, namespace, version, WATCH_SECONDS):
                version = obj["metadata"]["resourceVersion"]
                if event != "BOOKMARK":
                    put(WatchUpdate(kind, _update(kind, event, obj)))
        except (ApiError, Unreachable) as error:
            status = getattr(error, "status", None)
            if status in (401, FORBIDDEN):
                if kind not in OPTIONAL_KINDS:
                    put(WatchUpdate(kind, error=refusal(error, kind, namespace, "watch")))
                return
            version = ""
            if status != 410:
                put(WatchUpdate(kind, outage=str(error)))
                time.sleep(PAUSE)
        except Exception as error:  # a failure of this thread is raised in the waiting thread
            put(WatchUpdate(kind, error=error))
            return


def read_named(cluster: Cluster, kind: str, namespace: str, names: list[str]) -> list[dict]:
    """Those of the named objects that exist, read one by one. Raises RunbookError if that is not allowed either."""
    try:
        return list(filter(None, (cluster.get(kind, name, namespace) for name in names)))
    except ApiError as error:
        raise refusal(error, kind, namespace, "list") from error


def poll_named(cluster: Cluster, kind: str, namespace: str, names: list[str], put: Callable[[WatchUpdate], None]) -> None:
    """As watch_kind, for users who may only get single objects: reads them periodically."""
    while True:
        time.sleep(PAUSE)
        try:
            put(WatchUpdate(kind, _replace(kind, read_named(cluster, kind, namespace, names))))
        except (ApiError, Unreachable) as error:
            put(WatchUpdate(kind, outage=str(error)))
        except Exception as error:  # a refusal, or a failure of this thread, is raised in the waiting thread
            put(WatchUpdate(kind, error=error))
            return


def refusal(error: ApiError | Unreachable, kind: str, namespace: str, verb: str) -> Exception:
    """A missing permission as a RunbookError with its purpose; other errors unchanged."""
    if getattr(error, "status", None) != FORBIDDEN:
        return error
    purpose = PURPOSES.get(kind, "to follow their rollout")
    single = ", or get on those in the option workloads" if kind in WORKLOAD_KINDS else ""
    return not_allowed(f"{verb} {kind} objects", namespace, purpose, f"Grant get, list and watch on them{single}.")


def stored(kind: str, items: list[dict]) -> dict[str, dict]:
    """Objects by their UID."""
    return {item["metadata"]["uid"]: _without_managed_fields(kind, item) for item in items}


def _without_managed_fields(kind: str, obj: dict) -> dict:
    """Drops the bulky managedFields of the kinds for which nothing is read from them."""
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
            store[obj["metadata"]["uid"]] = _without_managed_fields(kind, obj)

    return apply
