# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The symptoms of failures in the API: predicates over (kind, object, the module's options)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Symptom = Callable[[str, dict, dict], bool]


def waits(container: str, *reasons: str) -> Symptom:
    """A container waits for one of these reasons."""
    return lambda kind, obj, _options: any(_waiting(status) in reasons for status in _statuses(kind, obj, container))


def fails_to_start(container: str) -> Symptom:
    """The runtime could not start a container."""

    def shown(kind: str, obj: dict, _options: dict) -> bool:
        return any(
            _waiting(status) == "RunContainerError" or _ended(status).get("reason") in ("ContainerCannotRun", "StartError")
            for status in _statuses(kind, obj, container)
        )

    return shown


def crashes(container: str, reason: str = "Error") -> Symptom:
    """A container has crashed as often as the module's option max_restarts allows, the last time for that reason."""

    def shown(kind: str, obj: dict, options: dict) -> bool:
        return any(
            status["restartCount"] >= options["max_restarts"] and "running" not in status["state"] and _ended(status).get("reason") == reason
            for status in _statuses(kind, obj, container)
        )

    return shown


def runs(container: str) -> Symptom:
    """A container runs."""
    return lambda kind, obj, _options: any("running" in status["state"] for status in _statuses(kind, obj, container))


def event(reason: str, words: str) -> Symptom:
    """There is an Event with this reason and these words."""
    return lambda kind, obj, _options: kind == "Event" and obj["reason"] == reason and words in obj["message"]


def unscheduled(words: str) -> Symptom:
    """The scheduler found no node for a pod."""
    return lambda kind, obj, _options: kind == "Pod" and words in _condition(obj, "PodScheduled", "False").get("message", "")


def refused(words: str) -> Symptom:
    """A ReplicaSet cannot create its pods."""
    return lambda kind, obj, _options: kind == "ReplicaSet" and words in _condition(obj, "ReplicaFailure", "True").get("message", "")


def too_late() -> Symptom:
    """A Deployment has exceeded its progress deadline."""
    return lambda kind, obj, _options: kind == "Deployment" and _condition(obj, "Progressing", "False").get("reason") == "ProgressDeadlineExceeded"


def without_sidecar() -> Symptom:
    """A pod is annotated for Dapr and has no daprd."""

    def shown(kind: str, obj: dict, _options: dict) -> bool:
        annotated = (obj["metadata"].get("annotations") or {}).get("dapr.io/enabled") == "true"
        return kind == "Pod" and annotated and all(container["name"] != "daprd" for container in obj["spec"]["containers"])

    return shown


def _statuses(kind: str, obj: dict, container: str) -> Iterator[dict]:
    if kind == "Pod":
        both = [*obj["status"].get("initContainerStatuses", []), *obj["status"].get("containerStatuses", [])]
        yield from (status for status in both if status["name"] == container)


def _waiting(status: dict) -> str:
    return status["state"].get("waiting", {}).get("reason", "")


def _ended(status: dict) -> dict:
    return status["state"].get("terminated") or status.get("lastState", {}).get("terminated") or {}


def _condition(obj: dict, name: str, status: str) -> dict:
    conditions = obj.get("status", {}).get("conditions") or []
    return next((item for item in conditions if item["type"] == name and item["status"] == status), {})
