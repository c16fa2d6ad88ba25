# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Predicates on pods that clients need as well as workloads. Pure."""

from __future__ import annotations

INJECTED_CONTAINERS = ("daprd", "istio-proxy", "linkerd-proxy")  # sidecars that are not part of the application itself


def is_active(pod: dict) -> bool:
    """Whether a controller counts the pod: neither terminated nor being deleted."""
    return "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in ("Failed", "Succeeded")


def is_ready(pod: dict) -> bool:
    """Whether the pod's condition Ready is true."""
    return condition(pod, "Ready").get("status") == "True"


def condition(obj: dict, name: str) -> dict:
    """The condition of that type in the status of a pod, or of any other object; {} where it has none."""
    return next((item for item in obj.get("status", {}).get("conditions") or [] if item["type"] == name), {})


def controller_of(pod: dict) -> tuple[str, str]:
    """(kind, name) of the workload that recreates a pod, ("", "") for a bare pod.

    For the pods of a Deployment it is the Deployment, not its ReplicaSet, whose name is the Deployment's and the pod template's hash.
    """
    owner = next((one for one in pod["metadata"].get("ownerReferences") or [] if one.get("controller")), None)
    if owner is None:
        return "", ""
    template_hash = (pod["metadata"].get("labels") or {}).get("pod-template-hash")
    if owner["kind"] == "ReplicaSet" and template_hash and owner["name"].endswith(f"-{template_hash}"):
        return "Deployment", owner["name"].removesuffix(f"-{template_hash}")
    return owner["kind"], owner["name"]
