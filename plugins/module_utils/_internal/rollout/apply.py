# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out the actions of a plan."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..clients.cluster.access import not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError, Unreachable
from ..clients.cluster.field_managers import DEPLOY, LAST_GOOD_REVISION, ROLLOUT, migrate_managed_fields, needs_migration
from ..errors import NOTHING_CHANGED, RunbookError
from ..workloads.fields import restart_patch
from ..workloads.model import COMPLETE, RolloutStatus, Workload
from .actions import Action, PodDeletion, Restart, SpecChange

OBSERVE_TIMEOUT = 10  # seconds in which a controller is expected to observe a rollback, before its stuck pods are deleted
PAUSE = 0.2
ATTEMPTS = 10  # to update managedFields, which may conflict with writes of the controller


def apply(cluster: Cluster, namespace: str, actions: Iterable[Action]) -> None:
    """Carries out the actions in order, after checking the permissions for all of them. Raises RunbookError, with what was already done."""
    actions = list(actions)
    for action in actions:
        verb, kind, name = _permission(action)
        if not cluster.can(verb, kind, namespace, name=name):
            raise not_allowed(f"{verb} {kind} {name}", namespace, f"to {_purpose(action)}", f"Grant {verb}. {NOTHING_CHANGED}")
    done: list[str] = []
    for action in actions:
        try:
            _apply_one(cluster, namespace, action)
        except ApiError as error:
            before = f"Already done: {'; '.join(done)}." if done else NOTHING_CHANGED
            raise RunbookError(f"{action}: {_error_text(error)} {before}") from error
        done.append(str(action))


def require_rollback_permissions(cluster: Cluster, namespace: str, status: RolloutStatus) -> None:
    """Checks the permissions for a rollback of what is not complete. Raises RunbookError naming what is missing."""
    for workload in (one.workload for one in status.workloads if one.state != COMPLETE):
        needed = [("patch", workload.kind, workload.name), *([("delete", "Pod", None)] if workload.kind == "StatefulSet" else [])]
        for verb, kind, name in needed:
            if not cluster.can(verb, kind, namespace, name=name):
                fix = f"Grant {verb}, or set rollback_on_failure: false. {NOTHING_CHANGED}"
                raise not_allowed(f"{verb} {kind} {name or 'objects'}", namespace, f"to roll {workload} back (rollback_on_failure)", fix)


def spec_patch(change: SpecChange) -> list[dict]:
    """A change as a JSON patch, which fails if the spec was changed since the plan was made. Pure."""
    patch = [{"op": "test", "path": "/metadata/generation", "value": change.generation}]
    after = {name: value for name, value in change.after.items() if value != change.before[name]}
    patch += [{"op": "add", "path": f"/spec/{name}", "value": value} for name, value in after.items()]
    if change.new_annotations and not change.had_annotations:
        return [*patch, {"op": "add", "path": "/metadata/annotations", "value": change.annotations}]
    pointers = {name: name.replace("~", "~0").replace("/", "~1") for name in change.new_annotations}
    annotations = [(f"/metadata/annotations/{pointer}", change.annotations[name]) for name, pointer in pointers.items()]
    return patch + [{"op": "add", "path": path, "value": value} for path, value in annotations]


def _permission(action: Action) -> tuple[str, str, str]:
    """(verb, kind, name) of what an action needs."""
    if isinstance(action, PodDeletion):
        return "delete", "Pod", action.pod
    return "patch", action.workload.kind, action.workload.name


def _purpose(action: Action) -> str:
    return str(action) if isinstance(action, Restart) else f"apply this change: {action}"


def _apply_one(cluster: Cluster, namespace: str, action: Action) -> None:
    workload = action.workload
    if isinstance(action, PodDeletion):
        _delete(cluster, namespace, action)
        return
    if isinstance(action, Restart):
        body = restart_patch(action.after)
        if action.last_good:
            body["metadata"] = {"annotations": {LAST_GOOD_REVISION: action.last_good}}
        cluster.patch(workload.kind, workload.name, body, namespace, field_manager=ROLLOUT)
        return
    if isinstance(action, SpecChange):
        settings = {"content_type": "application/json-patch+json", "field_manager": DEPLOY}
        cluster.patch(workload.kind, workload.name, spec_patch(action), namespace, **settings)
    try:
        _transfer_ownership(cluster, namespace, workload)
    except (ApiError, Unreachable) as error:
        raise RunbookError(
            f"{action}: applied, but field ownership could not be transferred to {DEPLOY}: {error} Run the task again; until then, the next "
            f"deploy fails with a conflict with {DEPLOY} itself."
        ) from error


def _delete(cluster: Cluster, namespace: str, action: PodDeletion) -> None:
    """Deletes the pod, but no other pod of its name, once the controller would recreate it at the right revision."""
    until = time.monotonic() + OBSERVE_TIMEOUT
    while time.monotonic() < until:
        obj = cluster.get(action.workload.kind, action.workload.name, namespace)
        if obj is None or obj.get("status", {}).get("observedGeneration", 0) >= obj["metadata"]["generation"]:
            break
        time.sleep(PAUSE)
    try:
        cluster.delete("Pod", action.pod, namespace, body={"preconditions": {"uid": action.uid}})
    except ApiError as error:
        if error.status != 409:  # 409: it is another pod by now
            raise


def _transfer_ownership(cluster: Cluster, namespace: str, workload: Workload) -> None:
    """Makes the changed fields a part of what runbook-deploy applies, so that its next apply may change them without a conflict."""
    for attempt in range(ATTEMPTS):
        metadata = (cluster.get(workload.kind, workload.name, namespace) or {"metadata": {}})["metadata"]
        if not needs_migration(metadata.get("managedFields")):
            return
        managed = migrate_managed_fields(metadata["managedFields"])
        body = {"metadata": {"resourceVersion": metadata["resourceVersion"], "managedFields": managed}}
        try:
            cluster.patch(workload.kind, workload.name, body, namespace, content_type="application/merge-patch+json")
            return
        except ApiError as error:
            if error.status != 409 or attempt == ATTEMPTS - 1:
                raise


def _error_text(error: ApiError) -> str:
    if error.status == 422 and "testing" in str(error):
        return "it was changed by another client at the same time. Run the task again."
    return f"{str(error).rstrip('.')}."
