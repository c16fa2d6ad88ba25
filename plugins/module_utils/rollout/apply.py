# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out a rollout's plan."""

from __future__ import annotations

import time

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.actions import Adoption, Change, Removal
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import (
    DEPLOY,
    RESTART,
    SERVED,
    adopted,
    needs_adoption,
)
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import Restart
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, Verdict, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.restart import restarted

NOTICE = 10  # seconds in which a controller is expected to act on an undo, before its stuck pods are deleted
ATTEMPTS = 10  # for the record of owners, which the controller's own writes may overtake


def apply(cluster: Cluster, namespace: str, plan: list[Change | Adoption | Removal | Restart]) -> None:
    """Does what the plan says, in its order, after asking whether all of it is allowed. Raises RunbookError, saying what was done."""
    for action in plan:
        removes = isinstance(action, Removal)
        verb, kind, name = ("delete", "Pod", action.pod) if removes else ("patch", action.workload.kind, action.workload.name)
        if not cluster.can(verb, kind, namespace, name=name):
            where = f"{kind} {name} in namespace {namespace}"
            raise RunbookError(f"Not allowed to {verb} {where}, which is needed to {_purpose(action)}. Nothing was changed.")
    done: list[str] = []
    for action in plan:
        try:
            _do(cluster, namespace, action)
        except ApiError as error:
            before = f"Done before: {'; '.join(done)}." if done else "Nothing was changed."
            raise RunbookError(f"{action}: {_refusal(error)} {before}") from error
        done.append(str(action))


def require_way_back(cluster: Cluster, namespace: str, verdict: Verdict) -> None:
    """Asks for what a way back needs, for what does not serve yet. Raises RunbookError naming what is missing."""
    for workload in (state.workload for state in verdict.states if state.state != COMPLETE):
        wanted = [("patch", workload.kind, workload.name), *([("delete", "Pod", None)] if workload.kind == "StatefulSet" else [])]
        for verb, kind, name in wanted:
            if not cluster.can(verb, kind, namespace, name=name):
                raise RunbookError(
                    f"Not allowed to {verb} {kind} {name or 'objects'} in namespace {namespace}, which rollback_on_failure needs to "
                    f"bring {workload} back. Grant it, or set rollback_on_failure: false. Nothing was changed."
                )


def _purpose(action) -> str:
    return str(action) if isinstance(action, Restart) else f"do this: {action}"


def _do(cluster: Cluster, namespace: str, action: Change | Adoption | Removal | Restart) -> None:
    workload = action.workload
    if isinstance(action, Removal):
        _remove(cluster, namespace, action)
        return
    if isinstance(action, Restart):
        body = restarted(action.after)
        if action.served:
            body["metadata"] = {"annotations": {SERVED: action.served}}
        cluster.patch(workload.kind, workload.name, body, namespace, field_manager=RESTART)
        return
    if isinstance(action, Change):
        options = {"content_type": "application/json-patch+json", "field_manager": DEPLOY}
        cluster.patch(workload.kind, workload.name, operations(action), namespace, **options)
    try:
        _adopt(cluster, namespace, workload)
    except (ApiError, Unreachable) as error:
        raise RunbookError(
            f"{action}: this is done, but not recorded as what {DEPLOY} applies: {error} Run it again; until then the next deploy meets "
            f"a conflict with {DEPLOY} itself."
        ) from error


def _remove(cluster: Cluster, namespace: str, action: Removal) -> None:
    """Deletes the pod, and no other of its name, once the controller would make it anew at the right revision."""
    until = time.monotonic() + NOTICE
    while time.monotonic() < until:
        obj = cluster.get(action.workload.kind, action.workload.name, namespace)
        if obj is None or obj.get("status", {}).get("observedGeneration", 0) >= obj["metadata"]["generation"]:
            break
        time.sleep(0.2)
    try:
        cluster.delete("Pod", action.pod, namespace, body={"preconditions": {"uid": action.uid}})
    except ApiError as error:
        if error.status != 409:  # 409: it is another pod by now
            raise


def operations(change: Change) -> list[dict]:
    """A change as a JSON patch, which fails if the spec is no longer what the plan was made for. Pure."""
    found = [{"op": "test", "path": "/metadata/generation", "value": change.generation}]
    after = {name: value for name, value in change.after.items() if value != change.before[name]}
    found += [{"op": "add", "path": f"/spec/{name}", "value": value} for name, value in after.items()]
    if change.new_annotations and not change.had_annotations:
        return [*found, {"op": "add", "path": "/metadata/annotations", "value": change.annotations}]
    pointers = {name: name.replace("~", "~0").replace("/", "~1") for name in change.new_annotations}
    notes = [(f"/metadata/annotations/{pointer}", change.annotations[name]) for name, pointer in pointers.items()]
    return found + [{"op": "add", "path": path, "value": value} for path, value in notes]


def _adopt(cluster: Cluster, namespace: str, workload: Workload) -> None:
    """Makes what was changed a part of what runbook-deploy applies, so that its next apply may change it without a conflict."""
    for attempt in range(ATTEMPTS):
        metadata = (cluster.get(workload.kind, workload.name, namespace) or {"metadata": {}})["metadata"]
        if not needs_adoption(metadata.get("managedFields")):
            return
        body = {"metadata": {"resourceVersion": metadata["resourceVersion"], "managedFields": adopted(metadata["managedFields"])}}
        try:
            cluster.patch(workload.kind, workload.name, body, namespace, content_type="application/merge-patch+json")
            return
        except ApiError as error:
            if error.status != 409 or attempt == ATTEMPTS - 1:
                raise


def _refusal(error: ApiError) -> str:
    if error.status == 422 and "testing" in str(error):
        return "it was changed by somebody else at the same moment. Run it again."
    return f"{str(error).rstrip('.')}."
