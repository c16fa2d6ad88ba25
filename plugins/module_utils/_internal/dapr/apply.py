# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies one action. Each is idempotent, so an interrupted recovery can be run again."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timezone

from ..clients.cluster.access import not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.field_managers import ROLLOUT
from ..clients.cluster.kinds import KINDS
from ..clients.cluster.pods import condition, is_ready
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
    Problem,
    RecoveryAction,
)
from .release_diff import restored
from .trace import trace_patch

FIELD_MANAGER = "runbook-recovery"
EVICTION_TIMEOUT = 30  # seconds in which a PodDisruptionBudget may allow an eviction, for example once another pod is ready
ESTABLISH_TIMEOUT = 30
MAX_ATTEMPTS = 5  # of a write that conflicts with someone else's
POLL_INTERVAL = 1
CONFLICT, TOO_MANY_REQUESTS = 409, 429


def require_permissions(cluster: Cluster, actions: tuple[RecoveryAction, ...]) -> None:
    """Checks every permission before anything is changed. Raises RunbookError for the first missing one.

    A kind that this collection does not know is refused by the API server when it is written.
    """
    for action in (action for action in actions if action.kind in KINDS):
        namespace = action.namespace if KINDS[action.kind][2] else ""
        needed = [(verb, subresource, action.kind, None if verb == "create" else action.name) for verb, subresource in PERMISSIONS[action.operation]]
        if action.operation == RECREATE_POD and action.traced:
            needed.append(("patch", None, *action.traced))
        for verb, subresource, kind, name in needed:
            if not cluster.can(verb, kind, namespace or None, subresource, name):
                raise _not_allowed(verb, subresource, kind, name, namespace, action)


def _not_allowed(verb: str, subresource: str | None, kind: str, name: str | None, namespace: str, action: RecoveryAction) -> RunbookError:
    resource = f"{kind} {name}" if name else f"{kind} objects"
    what = f"{verb} {subresource} of {resource}" if subresource else f"{verb} {resource}"
    return not_allowed(what, namespace, f"to {action}", f"{GRANT} {NOTHING_CHANGED}")


def apply_action(cluster: Cluster, action: RecoveryAction) -> RecoveryAction | Problem:
    """The action as it was done, or the problem that prevented it. Raises RunbookError if the API server refuses it."""
    at = cluster.now().astimezone(timezone.utc).isoformat(timespec="seconds")  # once: another time would be another restart
    try:
        if action.operation == RECREATE_POD:
            return _recreate(cluster, action, at)
        retry_unreachable(lambda: _apply(cluster, action, at))
    except ApiError as error:
        raise RunbookError(f"{action}: {str(error).rstrip('.')}.") from error
    return action


def _apply(cluster: Cluster, action: RecoveryAction, at: str) -> None:
    kind, name, namespace = action.kind, action.name, action.namespace
    if action.operation in (CREATE, BACK_UP):
        created = cluster.apply_object(action.body, field_manager=FIELD_MANAGER)
        if kind == "CustomResourceDefinition":
            _wait_established(cluster, created)
    elif action.operation == RESTORE:
        _restore(cluster, action)
    elif action.operation == RESTART_COMPONENT:
        cluster.patch(kind, name, restart_patch(at), namespace, field_manager=ROLLOUT)
    elif action.operation == ROLLING_RESTART:
        cluster.patch(kind, name, {**restart_patch(at), **trace_patch(action.cause, at)}, namespace, field_manager=ROLLOUT)
    elif action.operation == CLEAR_TRUST_BUNDLE:
        _clear(cluster, action)
    elif action.operation == SET_CA_BUNDLE:
        cluster.patch(kind, name, action.body, content_type="application/json-patch+json", field_manager=FIELD_MANAGER)
    else:
        cluster.patch(kind, name, action.body, namespace, field_manager=FIELD_MANAGER)


def _wait_established(cluster: Cluster, definition: dict) -> None:
    """Waits until the API server serves the kind, as its objects may be created next."""
    until = time.monotonic() + ESTABLISH_TIMEOUT
    while condition(definition, "Established").get("status") != "True" and time.monotonic() < until:
        time.sleep(POLL_INTERVAL)
        definition = cluster.get_object(definition) or definition


def _clear(cluster: Cluster, action: RecoveryAction) -> None:
    """Empties the Secret at the version that was read. After a lost answer it is empty already."""
    try:
        cluster.patch(action.kind, action.name, action.body, action.namespace, field_manager=FIELD_MANAGER)
    except ApiError as error:
        if error.status != CONFLICT:
            raise
        if (cluster.get(action.kind, action.name, action.namespace) or {}).get("data"):
            raise RunbookError(f"{action}: it was changed after it was read, so it was not cleared. Run the recovery again.") from error


def _recreate(cluster: Cluster, action: RecoveryAction, at: str) -> RecoveryAction | Problem:
    """Evicts a pod. One that is not ready is deleted where the budget counts only ready pods, as with its policy AlwaysAllow."""
    if action.traced:
        kind, name = action.traced
        retry_unreachable(lambda: cluster.patch(kind, name, trace_patch(action.cause, at), action.namespace, field_manager=FIELD_MANAGER))
    until = time.monotonic() + EVICTION_TIMEOUT
    while True:
        refusal = retry_unreachable(lambda: _evict(cluster, action))
        if not refusal:
            return action
        if _is_unready(cluster, action) and cluster.can("delete", "Pod", action.namespace, None, action.name):
            retry_unreachable(lambda: _delete(cluster, action))
            return replace(action, evidence=f"{action.evidence}. Deleted instead of evicted, as it serves nothing and its budget counts ready pods only")
        if time.monotonic() >= until:
            return _blocked_by_budget(action, refusal)
        time.sleep(POLL_INTERVAL)


def _evict(cluster: Cluster, action: RecoveryAction) -> str:
    """Why the pod's budget does not allow its eviction, "" if it was evicted."""
    try:
        cluster.evict(action.name, action.namespace, action.uid)
    except ApiError as error:
        if error.status != TOO_MANY_REQUESTS:
            raise
        return " ".join(error.causes) or str(error)
    return ""


def _is_unready(cluster: Cluster, action: RecoveryAction) -> bool:
    pods = cluster.list("Pod", action.namespace, field_selector=f"metadata.name={action.name}")
    return any(pod["metadata"]["uid"] == action.uid and not is_ready(pod) for pod in pods)


def _delete(cluster: Cluster, action: RecoveryAction) -> None:
    try:
        cluster.delete("Pod", action.name, action.namespace, body={"preconditions": {"uid": action.uid}})
    except ApiError as error:
        if error.status != CONFLICT:  # it is another pod by now
            raise


def _blocked_by_budget(action: RecoveryAction, reason: str) -> Problem:
    evidence = f"{action.evidence}; it was not recreated, as a PodDisruptionBudget did not allow its eviction for {EVICTION_TIMEOUT} s: {reason}"
    step = "Allow one more unavailable pod (maxUnavailable: 1), or the eviction of pods that are not ready (unhealthyPodEvictionPolicy: AlwaysAllow)"
    return Problem(action.kind, action.name, action.namespace, "blocked_by_budget", evidence, step)


def _restore(cluster: Cluster, action: RecoveryAction) -> None:
    for attempt in range(MAX_ATTEMPTS):
        live = cluster.get(action.kind, action.name, action.namespace or None)
        if live is None:
            raise RunbookError(f"{action}: it was deleted in the meantime. Run the recovery again.")
        try:
            cluster.replace(action.kind, action.name, restored(live, action.body), action.namespace or None, field_manager=FIELD_MANAGER)
            return
        except ApiError as error:
            if error.status != CONFLICT or attempt == MAX_ATTEMPTS - 1:
                raise
