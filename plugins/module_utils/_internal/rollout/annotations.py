# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Annotations that a rollout records: the last good revision, and the change cause of revisions that were applied before the call.

Writing them creates no revision, and a second run writes none.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError, Unreachable
from ..clients.cluster.field_managers import CHANGE_CAUSE, DEPLOY, LAST_GOOD_REVISION, NETWORK, ROLLOUT, template_writer
from ..workloads.model import COMPLETE, REVISION_KINDS, RolloutStatus, Workload
from ..workloads.snapshot import Snapshot
from .last_good import recorded_last_good
from .pod_template import template_changes
from .revisions import Revision, current_of, revisions_of

MERGE = "application/merge-patch+json"
MAX_NAMED = 5  # changes that a change cause lists


@dataclass(frozen=True)
class AnnotationPatch:
    """Annotations to write to an object."""

    kind: str
    name: str
    annotations: dict


def plan_annotations(
    snapshot: Snapshot, status: RolloutStatus, last_good: dict[Workload, str], change_cause: str, by: str, changed: set[Workload]
) -> list[AnnotationPatch]:
    """The annotations to write. Pure. ``changed``: workloads whose new revision got its change cause with the change.

    ``change_cause``: why manifests were applied, "" to record none. It is recorded only for a new revision, that is, one that is not
    recorded as the last good one, and only if it has no cause of its own: a new revision starts with the cause of the previous one.
    ``last_good``: the last good revision before this call, by workload.
    """
    patches: list[AnnotationPatch] = []
    for one in status.workloads:
        view = snapshot.view(one.workload)
        revisions = revisions_of(one.workload, view.obj, snapshot.observation) if view else []
        current = current_of(view.obj, revisions) if view else None
        if view is None or current is None:
            continue
        recorded = recorded_last_good(view.obj)
        former = _former(revisions, current, last_good.get(one.workload, ""), recorded)
        is_new = recorded != current.name and one.workload not in changed and _is_ours(view.obj)
        own = {LAST_GOOD_REVISION: current.name} if one.state == COMPLETE and recorded != current.name else {}
        if change_cause and is_new and current.change_cause in ("", former.change_cause if former else ""):
            cause = {CHANGE_CAUSE: _cause(change_cause, former, current, by)}
            own = {**own, **cause}
            patches.append(AnnotationPatch(REVISION_KINDS[one.workload.kind], current.name, cause))
        patches += [AnnotationPatch(one.workload.kind, one.workload.name, own)] if own else []
    return patches


def write_annotations(cluster: Cluster, namespace: str, patches: list[AnnotationPatch]) -> list[str]:
    """Writes the annotations. Returns what could not be written, as sentences: that does not fail the rollout."""
    failed = []
    for patch in patches:
        try:
            body = {"metadata": {"annotations": patch.annotations}}
            cluster.patch(patch.kind, patch.name, body, namespace, content_type=MERGE, field_manager=ROLLOUT)
        except (ApiError, Unreachable) as error:
            failed.append(f"{' and '.join(patch.annotations)} could not be recorded on {patch.kind} {patch.name}: {error}")
    return failed


def _former(revisions: list[Revision], current: Revision, *names: str) -> Revision | None:
    """The revision to compare with: that of the first name that is not the current one's."""
    name = next((name for name in names if name not in ("", current.name)), "")
    return next((item for item in revisions if item.name == name), None)


def _is_ours(obj: dict) -> bool:
    """Whether this collection wrote the current pod template. No cause is recorded for the changes of others."""
    return template_writer(obj["metadata"].get("managedFields")) in (DEPLOY, NETWORK, ROLLOUT)


def _cause(change_cause: str, former: Revision | None, current: Revision, by: str) -> str:
    steps = template_changes(former.template, current.template) if former else []
    more = [f"and {len(steps) - MAX_NAMED} more"] if len(steps) > MAX_NAMED else []
    listed = f": {'; '.join([*steps[:MAX_NAMED], *more])}" if steps else ""
    return f"{change_cause}{listed} (by {by})"
