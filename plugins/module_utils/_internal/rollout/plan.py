# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a rollout: the changes, then the restarts. Pure: what was observed and the options in, actions out."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..clients.cluster.access import not_allowed_to
from ..errors import NOTHING_CHANGED, RunbookError
from ..workloads.autoscaler import KIND as AUTOSCALER
from ..workloads.autoscaler import autoscaler_of, autoscaler_text, replica_bounds
from ..workloads.model import Workload
from ..workloads.snapshot import Snapshot
from .actions import Action, SpecChange
from .last_good import last_good_revisions, with_last_good_annotation
from .observe import ObservedRollout
from .options import RolloutOptions
from .plan_changes import plan_changes
from .plan_restart import plan_restarts
from .stale import retagged_images


@dataclass(frozen=True)
class RolloutPlan:
    """What to do. ``last_good``: the object of the last good revision, by workload."""

    actions: list[Action]
    last_good: dict[Workload, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def changed_templates(self) -> set[Workload]:
        """The workloads that get a new pod template, other than by a restart."""
        return {action.workload for action in self.actions if isinstance(action, SpecChange) and action.rolls}


def make_plan(observed: ObservedRollout, options: RolloutOptions, by: str, at: str, check_mode: bool) -> RolloutPlan:
    """The plan. ``by``: who makes the change; ``at``: the time of a restart. Raises RunbookError for what cannot be done."""
    _refuse_autoscaled(observed, options)
    observation = observed.watcher.observation
    restarts = plan_restarts(observation, options.restart, at, check_mode, observed.stale)
    changes = plan_changes(observation, options, by)
    rolling = {change.workload for change in changes if change.rolls}
    actions = [*changes, *(restart for restart in restarts if restart.workload not in rolling)]
    if options.rollback_on_failure:
        _refuse_retagged(observed.snapshot, options, actions)
    if not options.records_revision:
        return RolloutPlan(actions, notes=_notes(observed, options))
    last_good = last_good_revisions(observed.snapshot, observed.status)
    return RolloutPlan(with_last_good_annotation(actions, last_good), last_good, _notes(observed, options))


def _notes(observed: ObservedRollout, options: RolloutOptions) -> tuple[str, ...]:
    if observed.autoscalers is not None:
        return ()
    return (f"{not_allowed_to(f'list {AUTOSCALER} objects', options.namespace)} If an autoscaler manages replicas, it will change them back.",)


def _refuse_autoscaled(observed: ObservedRollout, options: RolloutOptions) -> None:
    """Refuses replicas that an autoscaler would soon change back."""
    for index, entry in enumerate(options.workloads):
        autoscaler = autoscaler_of(entry.workload, observed.autoscalers or [])
        if autoscaler and entry.replicas is not None and replica_bounds(autoscaler) != (entry.replicas, entry.replicas):
            name = autoscaler["metadata"]["name"]
            raise RunbookError(
                f"workloads[{index}].replicas: {autoscaler_text(autoscaler)}, so {entry.workload} would not stay at {entry.replicas}. Omit "
                f"replicas, or set minReplicas and maxReplicas of {AUTOSCALER} {name}. {NOTHING_CHANGED}"
            )


def _refuse_retagged(snapshot: Snapshot, options: RolloutOptions, actions: list[Action]) -> None:
    """If new pods get another image under the same tag, the previous pod template does not restore the previous image."""
    rolling = {action.workload for action in actions if action.rolls}
    for index, workload in enumerate(options.targets):
        view = snapshot.view(workload) if workload in rolling else None
        retagged = retagged_images(view, options.image_ids) if view else []
        if retagged:
            raise RunbookError(
                f"workloads[{index}]: {', '.join(retagged)} now points to a different image than the pods of {workload} run, so a rollback "
                "could not restore the previous image. Use content tags (tag_strategy: content of minikube_image), or set "
                f"rollback_on_failure: false. {NOTHING_CHANGED}"
            )
