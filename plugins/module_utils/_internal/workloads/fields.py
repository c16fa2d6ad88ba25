# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fields of Kubernetes objects: how they are read, and the patch that restarts a workload. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import overload

from ..clients.cluster.field_managers import RESTARTED_AT

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
DATA_FIELDS = ("f:data", "f:stringData", "f:binaryData")


@overload
def time_of(text: str) -> datetime:
    ...


@overload
def time_of(text: None) -> None:
    ...


def time_of(text: str | None) -> datetime | None:
    """An API timestamp as an aware datetime."""
    return datetime.fromisoformat(text) if text else None


def owner_uid(obj: dict) -> str | None:
    """The UID of the controller that owns an object."""
    return next((owner["uid"] for owner in obj["metadata"].get("ownerReferences") or [] if owner.get("controller")), None)


def is_native_sidecar(spec: dict) -> bool:
    """Whether an init container keeps running beside the others."""
    return spec.get("restartPolicy") == "Always"


def containers_of(pod: dict) -> list[tuple[dict, dict, str]]:
    """Every container as (spec, status or {}, type), in the order in which they start. Types: init, sidecar, container."""
    status = pod.get("status", {})
    statuses = {item["name"]: item for group in ("initContainerStatuses", "containerStatuses") for item in status.get(group) or []}
    listed = [(spec, "sidecar" if is_native_sidecar(spec) else "init") for spec in pod["spec"].get("initContainers") or []]
    listed += [(spec, "container") for spec in pod["spec"]["containers"]]
    return [(spec, statuses.get(spec["name"], {}), kind) for spec, kind in listed]


def serving_containers(pod: dict) -> list[tuple[dict, dict, str]]:
    """The containers that ``kubectl get pods`` counts under READY: all but init containers that end before the others start."""
    return [entry for entry in containers_of(pod) if entry[2] != "init"]


def last_seen(event: dict) -> datetime:
    """When an event occurred last, in either of the two event APIs."""
    series = (event.get("series") or {}).get("lastObservedTime")
    return time_of(event.get("lastTimestamp") or series or event.get("eventTime") or event["metadata"].get("creationTimestamp"))


def first_seen(event: dict) -> datetime:
    """When an event occurred first."""
    return time_of(event.get("firstTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp"))


def spec_changed(obj: dict) -> datetime | None:
    """When an object was last written, other than its status."""
    writes = [entry.get("time") for entry in obj["metadata"].get("managedFields") or [] if entry.get("subresource") != "status"]
    return max(filter(None, map(time_of, writes)), default=None)


def data_changed(metadata: dict) -> datetime | None:
    """When the data of a Secret or a ConfigMap was last written, None if that is not recorded. Whole seconds; no value is read."""
    writes = [
        entry.get("time") for entry in metadata.get("managedFields") or []
        if any(field in (entry.get("fieldsV1") or {}) for field in DATA_FIELDS)
    ]
    return max(filter(None, map(time_of, writes)), default=None)


def restart_patch(at: str) -> dict:
    """The patch that restarts a workload as ``kubectl rollout restart`` does; ``at`` is the time in RFC 3339."""
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}}
