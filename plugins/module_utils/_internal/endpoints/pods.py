# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why the pods of a Service are not ready, or do not exist, as clauses. Pure."""

from __future__ import annotations

from ..clients.cluster.pods import condition, controller_of, is_active, is_ready
from ..workloads.explain import cause_clause
from ..workloads.model import WORKLOAD_KINDS, Cause, WaitOptions, Workload
from ..workloads.snapshot import Snapshot, WorkloadView
from ..workloads.status import evaluate, merge_causes, pod_causes
from .model import Observed
from .selectors import labels_of, matches

MAX_NAMED = 3  # causes in one sentence
LOOK = "Look at its pods and events: kubectl describe {}."


def selected_pods(observed: Observed, selector: dict) -> list[dict]:
    """The pods that a selector matches, also those that have ended."""
    return [pod for pod in observed.observation.of("Pod") if selector and matches(selector, labels_of(pod))]


def selected_workloads(observed: Observed, selector: dict) -> list[tuple[Workload, dict]]:
    """The workloads whose pod template has the labels of a selector."""
    listed = [(kind, obj) for kind in WORKLOAD_KINDS for obj in observed.observation.of(kind)]
    return [(Workload(kind, obj["metadata"]["name"]), obj) for kind, obj in listed if matches(selector, labels_of(obj["spec"]["template"]))]


def not_ready_clause(pods: list[dict], observed: Observed) -> tuple[str, str]:
    """(why none of the pods is ready, the next step)."""
    snapshot = Snapshot(observed.observation, observed.now, WaitOptions())
    causes = merge_causes([cause for pod in pods if not is_ready(pod) for cause in _causes(pod, snapshot)])
    clauses = [_with_message(cause, observed) for cause in causes[:MAX_NAMED]] or [_state(pods[0])]
    count = f"none of its {len(pods)} pods is ready" if len(pods) > 1 else f"its pod {pods[0]['metadata']['name']} is not ready"
    more = f"; and {len(causes) - MAX_NAMED} more" if len(causes) > MAX_NAMED else ""
    return f"{count}: {'; '.join(clauses)}{more}", causes[0].hint if causes else LOOK.format(f"pod {pods[0]['metadata']['name']}")


def no_pods_clause(workload: Workload, obj: dict, observed: Observed) -> tuple[str, str, str]:
    """(category, why a workload has no pods, the next step)."""
    name = f"{workload.kind.lower()}/{workload.name}"
    if workload.kind != "DaemonSet" and obj["spec"].get("replicas", 1) == 0:
        return "scaled_to_zero", f"{workload}, whose pods it selects, is scaled to zero", f"Scale it: kubectl scale {name} --replicas=1."
    statuses = evaluate(observed.observation, observed.now, WaitOptions()).workloads
    causes = next((status.causes for status in statuses if status.workload == workload), ())
    if causes:
        return "pods_not_created", f"{workload}, whose pods it selects, has none: {_with_message(causes[0], observed)}", causes[0].hint
    return "pods_not_created", f"{workload}, whose pods it selects, has none", LOOK.format(name)


def ended_clause(pods: list[dict]) -> tuple[str, str]:
    """(why pods that are not active receive nothing, the next step)."""
    return f"all its pods have ended or are terminating ({', '.join(_state(pod) for pod in pods[:MAX_NAMED])})", "Start new ones, or wait for them."


def _causes(pod: dict, snapshot: Snapshot) -> list[Cause]:
    kind, name = controller_of(pod)
    view = snapshot.view(Workload(kind, name)) if kind in WORKLOAD_KINDS and Workload(kind, name) in snapshot.observation.workloads else None
    return pod_causes(view or _view_of(pod), pod, snapshot)


def _view_of(pod: dict) -> WorkloadView:
    """A pod without a workload, or one of a Job, as if it were its own."""
    metadata = pod["metadata"]
    kind, name = controller_of(pod)
    return WorkloadView(Workload(kind or "Pod", name or metadata["name"]), {"metadata": metadata, "spec": {}}, None, "", (pod,), (), ())


def _with_message(cause: Cause, observed: Observed) -> str:
    clause = cause_clause(cause, observed.now)
    return f"{clause}, message: {cause.message.rstrip('.')}" if cause.message else clause


def _state(pod: dict) -> str:
    name = pod["metadata"]["name"]
    if not is_active(pod):
        return f"{name} {'terminating' if 'deletionTimestamp' in pod['metadata'] else pod['status']['phase'].lower()}"
    return f"{name}: {condition(pod, 'Ready').get('message') or 'its condition Ready is not true'}"
