# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies one action. Each is idempotent, so an interrupted recovery can be run again."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from ..clients.cluster.access import not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.field_managers import ROLLOUT
from ..clients.cluster.kinds import KINDS
from ..clients.cluster.retry import retry_unreachable
from ..errors import NOTHING_CHANGED, RunbookError
from ..workloads.fields import restart_patch
from .access import GRANT
from .actions import (
    BACK_UP,
    CLEAR_TRUST_BUNDLE,
    CREATE,
    PERMISSIONS,
    RECREATE_POD,
    RESTART_COMPONENT,
    RESTORE,
    ROLLING_RESTART,
    SET_CA_BUNDLE,
    RecoveryAction,
)

FIELD_MANAGER = "runbook-recovery"
EVICTION_TIMEOUT = 30  # seconds in which a PodDisruptionBudget may allow an eviction, for example once another pod is ready
MAX_ATTEMPTS = 5  # of a write that conflicts with someone else's
POLL_INTERVAL = 1
CONFLICT = 409


def require_permissions(cluster: Cluster, actions: tuple[RecoveryAction, ...]) -> None:
    """Checks every permission before anything is changed. Raises RunbookError for the first missing one.

    A kind that this collection does not know is refused by the API server when it is written.
    """
    for action in (action for action in actions if action.kind in KINDS):
        namespace = action.namespace if KINDS[action.kind][2] else ""
        for verb, subresource in PERMISSIONS[action.operation]:
            name = None if verb == "create" else action.name
            if not cluster.can(verb, action.kind, namespace or None, subresource, name):
                raise _not_allowed(verb, subresource, name, namespace, action)


def _not_allowed(verb: str, subresource: str | None, name: str | None, namespace: str, action: RecoveryAction) -> RunbookError:
    resource = f"{action.kind} {name}" if name else f"{action.kind} objects"
    what = f"{verb} {subresource} of {resource}" if subresource else f"{verb} {resource}"
    return not_allowed(what, namespace, f"to {action}", f"{GRANT} {NOTHING_CHANGED}")


def apply_action(cluster: Cluster, action: RecoveryAction) -> None:
    """Raises RunbookError if the API server refuses it."""
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")  # once: another time would be another restart
    try:
        retry_unreachable(lambda: _apply(cluster, action, at))
    except ApiError as error:
        raise RunbookError(f"{action}: {str(error).rstrip('.')}.") from error


def _apply(cluster: Cluster, action: RecoveryAction, at: str) -> None:
    kind, name, namespace = action.kind, action.name, action.namespace
    if action.operation in (CREATE, BACK_UP):
        cluster.apply_object(action.body, field_manager=FIELD_MANAGER)
    elif action.operation == RECREATE_POD:
        _evict(cluster, action)
    elif action.operation == RESTORE:
        _restore(cluster, action)
    elif action.operation in (RESTART_COMPONENT, ROLLING_RESTART):
        cluster.patch(kind, name, restart_patch(at), namespace, field_manager=ROLLOUT)
    elif action.operation == CLEAR_TRUST_BUNDLE:
        _clear(cluster, action)
    elif action.operation == SET_CA_BUNDLE:
        cluster.patch(kind, name, action.body, content_type="application/json-patch+json", field_manager=FIELD_MANAGER)
    else:
        cluster.patch(kind, name, action.body, namespace, field_manager=FIELD_MANAGER)


def _clear(cluster: Cluster, action: RecoveryAction) -> None:
    """Empties the Secret at the version that was read. After a lost answer it is empty already."""
    try:
        cluster.patch(action.kind, action.name, action.body, action.namespace, field_manager=FIELD_MANAGER)
    except ApiError as error:
        if error.status != CONFLICT:
            raise
        if (cluster.get(action.kind, action.name, action.namespace) or {}).get("data"):
            raise RunbookError(f"{action}: it was changed after it was read, so it was not cleared. Run the recovery again.") from error


def _evict(cluster: Cluster, action: RecoveryAction) -> None:
    until = time.monotonic() + EVICTION_TIMEOUT
    while True:
        try:
            cluster.evict(action.name, action.namespace, action.uid)
            return
        except ApiError as error:
            if error.status != 429:
                raise
            if time.monotonic() >= until:
                raise _blocked_by_budget(action, error) from error
        time.sleep(POLL_INTERVAL)


def _blocked_by_budget(action: RecoveryAction, error: ApiError) -> RunbookError:
    reason = " ".join(error.causes) or str(error)
    return RunbookError(
        f"{action}: a PodDisruptionBudget did not allow the eviction for {EVICTION_TIMEOUT} s: {reason} "
        "Allow one more unavailable pod (maxUnavailable: 1), or the eviction of pods that are not ready (unhealthyPodEvictionPolicy: AlwaysAllow)."
    )


def _restore(cluster: Cluster, action: RecoveryAction) -> None:
    for attempt in range(MAX_ATTEMPTS):
        live = cluster.get(action.kind, action.name, action.namespace)
        if live is None:
            raise RunbookError(f"{action}: it was deleted in the meantime. Run the recovery again.")
        live["spec"].update(action.body)
        try:
            cluster.replace(action.kind, action.name, live, action.namespace, field_manager=FIELD_MANAGER)
            return
        except ApiError as error:
            if error.status != CONFLICT or attempt == MAX_ATTEMPTS - 1:
                raise
