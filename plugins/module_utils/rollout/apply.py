# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out a rollout's plan."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import RESTARTED_AT, Restart

FIELD_MANAGER = "runbook-rollout"


def apply(cluster: Cluster, namespace: str, plan: list[Restart]) -> None:
    """Restarts what the plan says, under the manager's own name so that a later deploy leaves the annotation alone."""
    for action in plan:
        if not cluster.can("patch", action.workload.kind, namespace, name=action.workload.name):
            where = f"{action.workload} in namespace {namespace}"
            raise RunbookError(f"Not allowed to patch {where}, which is needed to {action}. Nothing was changed.")
    for action in plan:
        body = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: action.after}}}}}
        cluster.patch(action.workload.kind, action.workload.name, body, namespace, field_manager=FIELD_MANAGER)
