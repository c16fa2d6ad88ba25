# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workloads with Dapr whose pods cannot be created, and the message of their controller. A healthy one costs no request."""

from __future__ import annotations

from collections.abc import Iterable

from ..clients.cluster.access import FORBIDDEN
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.pods import condition
from ..workloads.daprd import dapr_enabled
from ..workloads.fields import last_seen
from .model import CreationFailure

CREATION_EVENTS = ("FailedCreate", "FailedDaemonPod")


def creation_failures(cluster: Cluster, workloads: Iterable[tuple[str, dict]]) -> tuple[CreationFailure, ...]:
    """The failures of all workloads that have fewer pods than they want."""
    short = [(kind, obj) for kind, obj in workloads if dapr_enabled(obj["spec"]["template"]) and lacks_pods(kind, obj)]
    messages = [(kind, obj, condition_message(obj) if kind == "Deployment" else _event_message(cluster, kind, obj)) for kind, obj in short]
    return tuple(
        CreationFailure(kind, obj["metadata"]["name"], obj["metadata"]["namespace"], message) for kind, obj, message in messages if message
    )


def lacks_pods(kind: str, obj: dict) -> bool:
    """Whether fewer pods exist than the workload wants. Pure."""
    status = obj.get("status") or {}
    if kind == "DaemonSet":
        return status.get("currentNumberScheduled", 0) < status.get("desiredNumberScheduled", 0)
    return (status.get("replicas") or 0) < obj["spec"].get("replicas", 1) or bool(condition_message(obj))


def condition_message(obj: dict) -> str:
    """Why a Deployment's pods or its ReplicaSet cannot be created, "" if they can. Pure."""
    failure, progressing = condition(obj, "ReplicaFailure"), condition(obj, "Progressing")
    if failure.get("status") == "True":
        return failure.get("message", "")
    return progressing.get("message", "") if progressing.get("reason") == "ReplicaSetCreateError" else ""


def _event_message(cluster: Cluster, kind: str, obj: dict) -> str:
    """The controller's last event about a pod that it could not create."""
    metadata = obj["metadata"]
    selector = f"involvedObject.kind={kind},involvedObject.uid={metadata.get('uid', '')},type=Warning"
    try:
        events = [event for event in cluster.list("Event", metadata["namespace"], field_selector=selector) if event.get("reason") in CREATION_EVENTS]
    except ApiError as error:
        if error.status == FORBIDDEN:
            return ""
        raise
    return max(events, key=last_seen)["message"] if events else ""
