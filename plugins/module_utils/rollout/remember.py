# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written down of a rollout for the next one and for the history: which revision serves, who made it and why.

These are annotations. They make no revision, and a second run has none to write.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.owners import (
    CHANGE_CAUSE,
    DEPLOY,
    RESTART,
    RESTARTED_AT,
    SERVED,
    template_writer,
)
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.revisions import Revision, current_of, revisions_of
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.served import recorded
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.template import differences
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, STORED_IN, Verdict, Workload
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene

MERGE = "application/merge-patch+json"
MAX_NAMED = 5  # changes that a change cause names


@dataclass(frozen=True)
class Note:
    """Annotations that an object shall have."""

    kind: str
    name: str
    annotations: dict


def notes_of(scene: Scene, verdict: Verdict, served: dict[Workload, str], change_cause: str, by: str, changed: set[Workload]) -> list[Note]:
    """The notes to write. Pure. ``changed``: workloads whose new revision carries its cause since it was made.

    ``change_cause``: why manifests were applied, "" for no word on that. It is noted for a new revision only, that is for one that
    is not recorded as serving, and only where that has no cause of its own yet: a new revision starts with the former one's.
    ``served``: the revision that served before, by workload.
    """
    notes: list[Note] = []
    for state in verdict.states:
        subject = scene.subject(state.workload)
        revisions = revisions_of(state.workload, subject.obj, scene.observation) if subject else []
        current = current_of(subject.obj, revisions) if subject else None
        if current is None:
            continue
        former = _former(revisions, current, served.get(state.workload, ""), recorded(subject.obj))
        is_new = recorded(subject.obj) != current.name and state.workload not in changed and _is_ours(subject.obj)
        own = {SERVED: current.name} if state.state == COMPLETE and recorded(subject.obj) != current.name else {}
        if change_cause and is_new and current.change_cause in ("", former.change_cause if former else ""):
            cause = {CHANGE_CAUSE: _cause(change_cause, former, current, by)}
            own = {**own, **cause}
            notes.append(Note(STORED_IN[state.workload.kind], current.name, cause))
        notes += [Note(state.workload.kind, state.workload.name, own)] if own else []
    return notes


def write(cluster: Cluster, namespace: str, notes: list[Note]) -> list[str]:
    """Writes the notes, and returns what could not be written as sentences: the rollout itself is as it is, with or without."""
    failed = []
    for note in notes:
        try:
            body = {"metadata": {"annotations": note.annotations}}
            cluster.patch(note.kind, note.name, body, namespace, content_type=MERGE, field_manager=RESTART)
        except (ApiError, Unreachable) as error:
            failed.append(f"{' and '.join(note.annotations)} could not be noted on {note.kind} {note.name}: {error}")
    return failed


def _former(revisions: list[Revision], current: Revision, *names: str) -> Revision | None:
    """The revision before, by the first of the names that is not the present one's: what serves at the first look is its own."""
    name = next((name for name in names if name not in ("", current.name)), "")
    return next((item for item in revisions if item.name == name), None)


def _is_ours(obj: dict) -> bool:
    """Whether the present pod template was applied, or restarted, by this collection: another one's work is not ours to sign."""
    return template_writer(obj["metadata"].get("managedFields")) in (DEPLOY, RESTART)


def _cause(change_cause: str, former: Revision | None, current: Revision, by: str) -> str:
    changes = differences(former.template, current.template) if former else []
    does = [_does(path, new) for path, _old, new in changes]
    more = [f"and {len(does) - MAX_NAMED} more"] if len(does) > MAX_NAMED else []
    what = f": {'; '.join([*does[:MAX_NAMED], *more])}" if does else ""
    return f"{change_cause}{what} (by {by})"


def _does(path: str, new: str) -> str:
    if path.endswith(RESTARTED_AT):
        return "restart"
    return f"set {path.removeprefix('spec.')}{f' to {new}' if path.endswith('.image') else ''}"
