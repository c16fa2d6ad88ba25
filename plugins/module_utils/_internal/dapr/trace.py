# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The trace of a cure on its workload, so that a later run does not repeat one that did not help. Pure."""

from __future__ import annotations

from datetime import timedelta

from ..clients.cluster.pods import condition, is_ready
from ..workloads.fields import time_of

ANNOTATION = "runbook.minikube/dapr-recovery"  # "<cause> <time>"
SUCCESSOR = timedelta(minutes=10)  # in which a pod that is created is the cure's result
TOLERANCE = timedelta(seconds=2)  # timestamps have whole seconds
LASTING = timedelta(minutes=2)  # a pod that got ready and was not ready again before has not been cured


def trace_patch(cause: str, at: str) -> dict:
    """The patch that records a cure of a workload's pods; ``at`` is the time in RFC 3339."""
    return {"metadata": {"annotations": {ANNOTATION: f"{cause} {at}"}}}


def did_not_help(workload: dict, pod: dict, category: str) -> bool:
    """Whether a pod is the result of a cure for the same cause, which has lasted since its creation."""
    cause, _space, at = (workload.get("metadata", {}).get("annotations") or {}).get(ANNOTATION, "").partition(" ")
    created = pod["metadata"].get("creationTimestamp")
    if cause != category or not created or _was_cured(pod):
        return False
    try:
        cured = time_of(at)
    except ValueError:  # written by somebody else
        return False
    return cured - TOLERANCE <= time_of(created) <= cured + SUCCESSOR


def _was_cured(pod: dict) -> bool:
    """Whether a pod that is not ready was ready for a while: since its start, its condition has not changed otherwise."""
    lost, started = condition(pod, "Ready").get("lastTransitionTime"), pod.get("status", {}).get("startTime") or pod["metadata"].get("creationTimestamp")
    return not is_ready(pod) and bool(lost and started) and time_of(lost) > time_of(started) + LASTING
