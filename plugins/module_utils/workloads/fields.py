# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading the fields of Kubernetes objects. Pure."""

from __future__ import annotations

from datetime import datetime

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
INJECTED = ("daprd", "istio-proxy", "linkerd-proxy")  # containers that are none of the application's own


def time_of(text: str | None) -> datetime | None:
    """An API timestamp as an aware datetime."""
    return datetime.fromisoformat(text) if text else None


def condition(obj: dict, name: str) -> dict:
    """The condition of that type in an object's status, {} where there is none."""
    return next((item for item in obj.get("status", {}).get("conditions") or [] if item["type"] == name), {})


def is_ready(pod: dict) -> bool:
    """Whether all containers of a pod that count are ready."""
    return condition(pod, "Ready").get("status") == "True"


def controller_of(pod: dict) -> tuple[str, str]:
    """(kind, name) of what makes a pod anew, ("", "") for a bare one; a Deployment where its ReplicaSet is one's.

    The ReplicaSet of a Deployment is named by it and by the hash that its pods are labelled with.
    """
    owner = next((one for one in pod["metadata"].get("ownerReferences") or [] if one.get("controller")), None)
    if owner is None:
        return "", ""
    template = (pod["metadata"].get("labels") or {}).get("pod-template-hash")
    if owner["kind"] == "ReplicaSet" and template and owner["name"].endswith(f"-{template}"):
        return "Deployment", owner["name"].removesuffix(f"-{template}")
    return owner["kind"], owner["name"]


def owner_uid(obj: dict) -> str | None:
    """The UID of the controller that owns an object."""
    return next((owner["uid"] for owner in obj["metadata"].get("ownerReferences") or [] if owner.get("controller")), None)


def is_active(pod: dict) -> bool:
    """Whether a controller counts the pod: neither ended nor being deleted."""
    return "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in ("Failed", "Succeeded")


def is_native_sidecar(spec: dict) -> bool:
    """Whether an init container keeps running beside the others."""
    return spec.get("restartPolicy") == "Always"


def containers_of(pod: dict) -> list[tuple[dict, dict, str]]:
    """Every container as (spec, status or {}, type), in the order in which they start. Types: init, sidecar, container."""
    status = pod.get("status", {})
    found = {item["name"]: item for group in ("initContainerStatuses", "containerStatuses") for item in status.get(group) or []}
    listed = [(spec, "sidecar" if is_native_sidecar(spec) else "init") for spec in pod["spec"].get("initContainers") or []]
    listed += [(spec, "container") for spec in pod["spec"]["containers"]]
    return [(spec, found.get(spec["name"], {}), kind) for spec, kind in listed]


def serving_containers(pod: dict) -> list[tuple[dict, dict, str]]:
    """The containers that ``kubectl get pods`` counts under READY: all but those that end before the others start."""
    return [entry for entry in containers_of(pod) if entry[2] != "init"]


def last_seen(event: dict) -> datetime | None:
    """When an event was seen last, whichever of the two event APIs it was written by."""
    series = (event.get("series") or {}).get("lastObservedTime")
    return time_of(event.get("lastTimestamp") or series or event.get("eventTime") or event["metadata"].get("creationTimestamp"))


def first_seen(event: dict) -> datetime | None:
    """When an event was seen first."""
    return time_of(event.get("firstTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp"))


def spec_changed(obj: dict) -> datetime | None:
    """When somebody last changed an object, other than its status."""
    writes = [entry.get("time") for entry in obj["metadata"].get("managedFields") or [] if entry.get("subresource") != "status"]
    return max(filter(None, map(time_of, writes)), default=None)
