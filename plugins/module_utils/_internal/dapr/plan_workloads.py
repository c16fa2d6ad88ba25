# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with workloads themselves, whatever their pods say: none can be created, or Dapr does not read their annotations. Pure."""

from __future__ import annotations

import re

from ..causes.controller import creation_rule
from ..workloads.daprd import DAPR_ENABLED, dapr_enabled
from .actions import Problem
from .model import CreationFailure, DaprState

APP_ID = "dapr.io/app-id"
MISSPELT = re.compile(r"dapr[^/]*/enabled?")
INVALID_ID = re.compile(r"app[ -]?id", re.IGNORECASE)


def workload_problems(state: DaprState) -> list[Problem]:
    """Workloads whose pods cannot be created, and those that carry the annotation where it has no effect."""
    return [_not_created(failure) for failure in state.creation_failures] + _misplaced_annotations(state)


def workload_notes(state: DaprState) -> list[str]:
    """Annotations that Dapr does not know, labels that it does not read, and an app-id that several workloads have."""
    return [note for kind, obj in state.workloads for note in _unread(kind, obj)] + _shared_ids(state)


def _not_created(failure: CreationFailure) -> Problem:
    rule = creation_rule("pods", failure.message)
    denied_id = rule.category == "webhook_denied" and INVALID_ID.search(failure.message)
    step = f"Correct {APP_ID} in its pod template as the message says." if denied_id else rule.hint
    return Problem(failure.kind, failure.name, failure.namespace, rule.category, f"{rule.summary}: {failure.message.strip()}", step.rstrip("."))


def _misplaced_annotations(state: DaprState) -> list[Problem]:
    """Workloads that carry the annotation themselves, where it has no effect, instead of on their pod template."""
    step = f'Move it to spec.template.metadata.annotations ({DAPR_ENABLED}: "true")'
    return [
        Problem(kind, obj["metadata"]["name"], obj["metadata"]["namespace"], "annotation_misplaced",
                f"the annotation {DAPR_ENABLED} is on the {kind}, not on its pod template, so its pods get no sidecar", step)
        for kind, obj in state.workloads if dapr_enabled(obj) and not dapr_enabled(obj["spec"]["template"])
    ]


def _unread(kind: str, obj: dict) -> list[str]:
    template = obj["spec"]["template"].get("metadata") or {}
    if dapr_enabled(obj["spec"]["template"]):
        return []
    where = f"{kind} {obj['metadata']['name']} in namespace {obj['metadata']['namespace']}"
    misspelt = [key for key in template.get("annotations") or {} if MISSPELT.fullmatch(key) and key != DAPR_ENABLED]
    notes = [f"{where}: Dapr does not know the annotation {key} of its pod template; the name is {DAPR_ENABLED}" for key in misspelt]
    if DAPR_ENABLED in (template.get("labels") or {}):
        notes.append(f"{where}: {DAPR_ENABLED} is a label of its pod template, where Dapr reads annotations only")
    return notes


def _shared_ids(state: DaprState) -> list[str]:
    users: dict[tuple[str, str], list[str]] = {}
    for kind, obj in state.workloads:
        annotations = (obj["spec"]["template"].get("metadata") or {}).get("annotations") or {}
        if dapr_enabled(obj["spec"]["template"]) and annotations.get(APP_ID):
            users.setdefault((obj["metadata"]["namespace"], annotations[APP_ID]), []).append(f"{kind} {obj['metadata']['name']}")
    return [
        f"{' and '.join(names)} in namespace {namespace} have the same {APP_ID} ({app}), so calls to it reach either of them"
        for (namespace, app), names in users.items() if len(names) > 1
    ]
