# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The revisions of workloads for rollout_history_info: their images, when they were created, the change cause, by whom, and what they changed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..clients.cluster.access import needs
from ..clients.cluster.client import Cluster
from ..clients.cluster.field_managers import template_writer
from ..clients.cluster.kinds import path_of
from ..errors import RunbookError
from ..workloads.model import REVISION_KINDS, WORKLOAD_KINDS, Observation, Workload
from ..workloads.watch import stored
from .pod_template import template_changes
from .revisions import Revision, history, plain, revisions_of

BY = re.compile(r" \(by (?P<by>[^()]+)\)$")  # how this collection ends a change cause
MAX_CHANGES = 5  # of a revision in its line
WORKLOAD = {"kind": {"type": "str", "choices": list(WORKLOAD_KINDS), "required": True}, "name": {"type": "str", "required": True}}

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "workloads": {"type": "list", "elements": "dict", "required": True, "options": WORKLOAD},
}


@dataclass(frozen=True)
class HistoryOptions:
    """The options of rollout_history_info."""

    namespace: str
    workloads: tuple[Workload, ...]

    @classmethod
    def of(cls, params: dict) -> HistoryOptions:
        """From the module's parameters. Raises RunbookError for none."""
        if not params["workloads"]:
            raise RunbookError("workloads must not be empty. Name at least one workload, for example {kind: Deployment, name: backend-api}.")
        return cls(params["namespace"], tuple(Workload(item["kind"], item["name"]) for item in params["workloads"]))


def observe(cluster: Cluster, options: HistoryOptions) -> Observation:
    """Lists the workloads and what stores their revisions. Raises RunbookError for a missing permission."""
    kinds = {workload.kind for workload in options.workloads}
    objects = {kind: stored(kind, _list(cluster, kind, options.namespace)) for kind in sorted(kinds | {REVISION_KINDS[kind] for kind in kinds})}
    return Observation(options.namespace, options.workloads, cluster.now(), objects)


def _list(cluster: Cluster, kind: str, namespace: str) -> list[dict]:
    what = f"list {path_of(kind).rpartition('/')[2]}"
    with needs(what, namespace, "to read the revisions", missing=[f"{what} in namespace {namespace}"]):
        return cluster.list(kind, namespace)


def report(observation: Observation) -> dict:
    """The module's result. Raises RunbookError for a workload that does not exist."""
    workloads = [{"kind": one.kind, "name": one.name, "revisions": _revisions(one, observation)} for one in observation.workloads]
    return {"workloads": workloads, "summary": [line for one in workloads for line in _lines(one)]}


def _revisions(workload: Workload, observation: Observation) -> list[dict]:
    obj = next((item for item in observation.of(workload.kind) if item["metadata"]["name"] == workload.name), None)
    if obj is None:
        known = ", ".join(sorted(item["metadata"]["name"] for item in observation.of(workload.kind)))
        existing = f"Existing: {known}." if known else "None exists."
        raise RunbookError(f"workloads: {workload} does not exist in namespace {observation.namespace}. {existing} Correct the name, kind or namespace.")
    revisions = revisions_of(workload, obj, observation)
    return [
        {**data, "by": _by(data, obj), "changes": _changes(before, revision)}
        for data, before, revision in zip(history(obj, revisions), [None, *revisions], revisions, strict=False)
    ]


def _by(revision: dict, obj: dict) -> str:
    """Who made a revision: the user of its change cause, for the current one otherwise the field manager of the pod template, "" if unknown."""
    found = BY.search(revision["change_cause"])
    if found:
        return found["by"]
    return f"field manager {writer}" if revision["current"] and (writer := template_writer(obj["metadata"].get("managedFields"))) else ""


def _changes(before: Revision | None, revision: Revision) -> list[str]:
    """What a revision changed since the one before it that is kept; no values but images."""
    if before is None:
        return []
    return template_changes(plain(before.template), plain(revision.template))


def _lines(workload: dict) -> list[str]:
    head = f"{workload['kind']} {workload['name']}: {len(workload['revisions'])} revision{'s' if len(workload['revisions']) != 1 else ''}"
    return [head, *(f"  {_line(revision)}" for revision in reversed(workload["revisions"]))]


def _line(revision: dict) -> str:
    """One revision: its number, when, images, cause and by whom, and what it changed."""
    current = " (current)" if revision["current"] else ""
    cause = BY.sub("", revision["change_cause"])
    changes = [*revision["changes"][:MAX_CHANGES], *([f"and {len(revision['changes']) - MAX_CHANGES} more"] if len(revision["changes"]) > MAX_CHANGES else [])]
    parts = [
        f"{revision['revision']}{current}", revision["created"], ", ".join(f"{name}={image}" for name, image in revision["images"].items()),
        f"cause: {cause}" if cause else "", f"by {revision['by']}" if revision["by"] else "", f"changed: {', '.join(changes)}" if changes else "",
    ]
    return "; ".join(filter(None, parts))
