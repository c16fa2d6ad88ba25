# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a failure below Dapr means for a plan: it is named, and nothing is restarted for it. Pure."""

from __future__ import annotations

from dataclasses import replace

from .actions import RECREATE_POD, RESTART_COMPONENT, ROLLING_RESTART, SCALE, Problem, RecoveryAction, RecoveryPlan
from .components import SENTRY
from .model import DaprState, LowerLayers

RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"  # an annotation of all objects that Helm creates
DNS_STEP = "See kubectl get pods,deployments -n kube-system -l k8s-app=kube-dns; after a scale-down: kubectl scale deploy coredns -n kube-system --replicas=1"
STARTS_PODS = (RECREATE_POD, RESTART_COMPONENT, ROLLING_RESTART, SCALE)


def lower_layer_problems(lower: LowerLayers) -> list[Problem]:
    """The nodes that are not ready, and a DNS of the cluster without any ready server."""
    nodes = [
        Problem("Node", name, "", "node_not_ready", "it is not ready", f"kubectl describe node {name}; minikube start") for name in lower.not_ready
    ]
    evidence = "no DNS server of the cluster is ready, so no component finds another one"
    return nodes + ([Problem("Service", "kube-dns", "kube-system", "dns_down", evidence, DNS_STEP)] if lower.dns_down else [])


def other_installations(state: DaprState) -> list[Problem]:
    """Installations of Dapr in other namespaces: they share the webhook, and each recovery would undo the other's."""
    webhook = ((state.webhook or {}).get("metadata", {}).get("annotations") or {}).get(RELEASE_NAMESPACE, state.namespace)
    sentries = [obj["metadata"]["namespace"] for kind, obj in state.workloads if (kind, obj["metadata"]["name"]) == (SENTRY.kind, SENTRY.workload)]
    others = sorted({webhook, *sentries} - {state.namespace})
    evidence = f"it has another installation of Dapr than {state.namespace}, or the one to which it was moved, and both use the same webhook"
    step = f"Set namespace (dapr_namespace) to the one that is used, and uninstall the other: helm uninstall dapr -n {state.namespace}"
    return [Problem("Namespace", name, "", "two_installations", evidence, step) for name in others]


def held_back(lower: LowerLayers, plan: RecoveryPlan) -> RecoveryPlan:
    """The plan with the problems below Dapr first. Without DNS or a ready node, it starts no pods."""
    problems = (*lower_layer_problems(lower), *plan.problems)
    if not (lower.dns_down or _no_node_is_ready(lower)):
        return replace(plan, problems=problems)
    started = [action for action in plan.actions if _starts_pods(action)]
    notes = [f"Postponed until {_what_failed(lower)}: {action}" for action in started]
    return replace(
        plan, control_plane=tuple(action for action in plan.control_plane if action not in started),
        applications=tuple(action for action in plan.applications if action not in started),
        problems=problems, awaited=(), reconnecting=(), notes=(*plan.notes, *notes), is_held=True,
    )


def _starts_pods(action: RecoveryAction) -> bool:
    return action.operation in STARTS_PODS


def _no_node_is_ready(lower: LowerLayers) -> bool:
    return bool(lower.nodes) and len(lower.not_ready) == len(lower.nodes or ())


def _what_failed(lower: LowerLayers) -> str:
    return "the DNS of the cluster is back" if lower.dns_down else "a node is ready"
