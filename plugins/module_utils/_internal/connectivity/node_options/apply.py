# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes the entries, server-side and as a manager of their own, and checks what the API server stored."""

from __future__ import annotations

from collections.abc import Iterable

from ...clients.cluster.access import not_allowed
from ...clients.cluster.client import Cluster
from ...clients.cluster.errors import ApiError
from ...clients.cluster.field_managers import NETWORK, owned_env
from ...clients.cluster.kinds import KINDS, path_of
from ...errors import NOTHING_CHANGED, RunbookError
from ...workloads.node_options import VARIABLE
from .model import NONE, SET, Cure


def apply(cluster: Cluster, cures: Iterable[Cure]) -> None:
    """Writes all of them, after a check of the permissions for all. Raises RunbookError with what was already done."""
    planned = [cure for cure in cures if cure.action != NONE]
    for cure in planned:
        if not cluster.can("patch", cure.workload.kind, cure.namespace, name=cure.workload.name):
            right = f"patch {path_of(cure.workload.kind).rpartition('/')[2]}/{cure.workload.name}"
            raise not_allowed(right, cure.namespace, f"to {cure}", f"Grant patch. {NOTHING_CHANGED}", [right])
    done: list[str] = []
    for cure in planned:
        _apply_one(cluster, cure, done)
        done.append(str(cure))


def body_of(cure: Cure) -> dict:
    """What the manager applies: the entry, or nothing, which removes what it has applied before. With the UID, no other object is written. Pure."""
    workload = cure.workload
    metadata = {"name": workload.name, "namespace": cure.namespace, "uid": cure.uid}
    body: dict = {"apiVersion": KINDS[workload.kind][0], "kind": workload.kind, "metadata": metadata}
    if cure.action == SET:
        container = {"name": cure.container, "env": [{"name": VARIABLE, "value": cure.value}]}
        body["spec"] = {"template": {"spec": {"containers": [container]}}}
    return body


def _apply_one(cluster: Cluster, cure: Cure, done: list[str]) -> None:
    before = f"Already done: {'; '.join(done)}." if done else NOTHING_CHANGED
    try:
        stored = cluster.apply_object(body_of(cure), field_manager=NETWORK)
    except ApiError as error:
        step = "Another manager owns the entry, or the workload was changed or replaced at the same time: run the task again." if error.status == 409 else ""
        raise RunbookError(f"{cure}: {error} {step} {before}".replace("  ", " "), changed=bool(done)) from error
    if not _is_stored(stored, cure):
        raise RunbookError(f"{cure}: the API server stored something else. Find the admission controller that changes {VARIABLE}.", changed=True)


def _is_stored(stored: dict, cure: Cure) -> bool:
    if cure.action != SET:
        return not owned_env(stored["metadata"].get("managedFields"), NETWORK)
    containers = stored["spec"]["template"]["spec"]["containers"]
    entries = [entry for item in containers if item["name"] == cure.container for entry in item.get("env") or []]
    return {"name": VARIABLE, "value": cure.value} in entries
