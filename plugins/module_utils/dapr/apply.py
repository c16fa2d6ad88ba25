# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does one action. Each can be done twice, so a run that was cut off is run again."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.kinds import KINDS
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.actions import (
    BACK_UP,
    CREATE,
    NEEDS,
    RECREATE,
    RESTART,
    RESTORE,
    ROLL,
    TRUST,
    Action,
)
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.steady import steady
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.restart import MANAGER, restarted

OWN = "runbook-recovery"  # field manager
BUDGET_PATIENCE = 30  # seconds in which a PodDisruptionBudget may let a pod go, say when another has got ready
ATTEMPTS = 5  # for a write that somebody else's overtakes
PAUSE = 1


def require_allowed(cluster: Cluster, actions: tuple[Action, ...]) -> None:
    """Asks for every permission before anything is changed. Raises RunbookError naming the first that lacks.

    A kind that this collection does not know by itself is refused where it is written.
    """
    for action in (action for action in actions if action.kind in KINDS):
        namespace = action.namespace if KINDS[action.kind][2] else ""
        for verb, subresource in NEEDS[action.what]:
            name = None if verb == "create" else action.name
            if not cluster.can(verb, action.kind, namespace or None, subresource, name):
                raise _not_allowed(verb, subresource, name, namespace, action)


def _not_allowed(verb: str, subresource: str | None, name: str | None, namespace: str, action: Action) -> RunbookError:
    resource = f"{action.kind} {name}" if name else f"{action.kind} objects"
    what = f"{verb} {subresource} of {resource}" if subresource else f"{verb} {resource}"
    where = f" in namespace {namespace}" if namespace else ""
    return RunbookError(f"Not allowed to {what}{where}, which is needed to {action}. Grant it (docs/rights/dapr_recovery.yml). Nothing was changed.")


def do(cluster: Cluster, action: Action) -> None:
    """Does it. Raises RunbookError where the API server refuses."""
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")  # once: another time would be another restart
    try:
        steady(lambda: _do(cluster, action, at))
    except ApiError as error:
        raise RunbookError(f"{action}: {str(error).rstrip('.')}.") from error


def _do(cluster: Cluster, action: Action, at: str) -> None:
    kind, name, namespace = action.kind, action.name, action.namespace
    if action.what in (CREATE, BACK_UP):
        cluster.apply_object(action.body, field_manager=OWN)
    elif action.what == RECREATE:
        _evict(cluster, action)
    elif action.what == RESTORE:
        _restore(cluster, action)
    elif action.what in (RESTART, ROLL):
        cluster.patch(kind, name, restarted(at), namespace, field_manager=MANAGER)
    elif action.what == TRUST:
        cluster.patch(kind, name, action.body, content_type="application/json-patch+json", field_manager=OWN)
    else:
        cluster.patch(kind, name, action.body, namespace, field_manager=OWN)


def _evict(cluster: Cluster, action: Action) -> None:
    until = time.monotonic() + BUDGET_PATIENCE
    while True:
        try:
            cluster.evict(action.name, action.namespace, action.uid)
            return
        except ApiError as error:
            if error.status != 429:
                raise
            if time.monotonic() >= until:
                raise _forbidden(action, error) from error
        time.sleep(PAUSE)


def _forbidden(action: Action, error: ApiError) -> RunbookError:
    told = " ".join(error.causes) or str(error)
    return RunbookError(
        f"{action}: a PodDisruptionBudget does not let the pod go, for {BUDGET_PATIENCE} s: {told} "
        "Allow one more pod to be away (maxUnavailable: 1), or let pods that are not ready go (unhealthyPodEvictionPolicy: AlwaysAllow)."
    )


def _restore(cluster: Cluster, action: Action) -> None:
    for attempt in range(ATTEMPTS):
        live = cluster.get(action.kind, action.name, action.namespace)
        if live is None:
            raise RunbookError(f"{action}: it was deleted meanwhile. Run it again.")
        live["spec"].update(action.body)
        try:
            cluster.replace(action.kind, action.name, live, action.namespace, field_manager=OWN)
            return
        except ApiError as error:
            if error.status != 409 or attempt == ATTEMPTS - 1:
                raise
