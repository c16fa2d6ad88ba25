# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a pod that serves may be replaced: its successor has to be scheduled, and no other successor of its workload may be failing. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..clients.cluster.pods import condition, is_ready
from ..workloads.snapshot import REVISION_LABELS
from .model import LowerLayers

PREVENTING = ("NoSchedule", "NoExecute")
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"  # the taint of a cordoned node


def scheduling_problem(pod: dict, lower: LowerLayers) -> tuple[str, str]:
    """(why no node takes a successor of a pod, the next step), ("", "") if one does or the nodes are not known."""
    if lower.nodes is None or any(_takes(node, pod) for node in lower.nodes):
        return "", ""
    cordoned = [node["metadata"]["name"] for node in lower.nodes if node["spec"].get("unschedulable")]
    if cordoned:
        step = "; ".join(f"kubectl uncordon {name}" for name in cordoned)
        return f"its successor could not be scheduled, as the node {', '.join(cordoned)} is cordoned", step
    return "its successor could not be scheduled, as no ready node takes it (labels, taints)", "kubectl describe nodes"


def failing_successor(pods: Sequence[dict], pod: dict, kind: str) -> str:
    """The name of a pod of another revision that is not ready: the workload's rollout is not complete. "" if there is none."""
    label = REVISION_LABELS.get(kind, "")
    revision = _label(pod, label)
    others = [one for one in pods if _label(one, label) != revision and not is_ready(one)]
    return others[0]["metadata"]["name"] if others and label else ""


def _label(pod: dict, label: str) -> str:
    return (pod["metadata"].get("labels") or {}).get(label, "")


def _takes(node: dict, pod: dict) -> bool:
    labels, spec = node["metadata"].get("labels") or {}, node.get("spec") or {}
    selector = (pod["spec"].get("nodeSelector") or {}).items()
    if spec.get("unschedulable") or condition(node, "Ready").get("status") != "True" or not all(labels.get(key) == value for key, value in selector):
        return False
    taints = [taint for taint in spec.get("taints") or [] if taint["effect"] in PREVENTING and taint["key"] != UNSCHEDULABLE]
    return all(any(_tolerates(toleration, taint) for toleration in pod["spec"].get("tolerations") or []) for taint in taints)


def _tolerates(toleration: dict, taint: dict) -> bool:
    if toleration.get("effect", "") not in ("", taint["effect"]) or toleration.get("key", "") not in ("", taint["key"]):
        return False
    return toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")
