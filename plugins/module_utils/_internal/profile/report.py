# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's result. Pure."""

from __future__ import annotations

from .model import FileRemoval, Profile, ProfilePlan

_MAX_NAMES = 10  # of remaining files, in a warning


def report(plan: ProfilePlan, profile: Profile, seconds: float) -> dict:
    """The result of a plan, as applied or as predicted by check mode."""
    actions = [action.sentence(profile.name) for action in plan.actions]
    removed = removed_by(plan, profile)
    return {
        "changed": bool(actions),
        "actions": actions,
        "problems": list(plan.problems),
        "removed": removed,
        "remaining": [str(path) for path in plan.removal.remaining],
        "ready_components": list(plan.ready_components),
        "context": profile.name,
        "kubeconfig": str(profile.kubeconfig),
        "seconds": round(seconds, 1),
        "diff": {"before": "\n".join(plan.problems), "after": "\n".join([*actions, *removed])},
    }


def removed_by(plan: ProfilePlan, profile: Profile) -> list[str]:
    """Everything that a plan removes, in order."""
    if not any(action.kind == "remove_files" for action in plan.actions):
        return []
    objects = [f"{kind} {profile.name}" for action in plan.actions for kind in action.objects]
    entries = [f"context {profile.name} in {profile.kubeconfig}"] if plan.removal.kubeconfig_entries else []
    files = [str(path) for path in (*plan.removal.folders, *plan.removal.records)]
    return [*objects, *map(str, plan.removal.paths), *entries, *files]


def remaining_warning(removal: FileRemoval, profile: Profile) -> str:
    """Names the files that are not removed."""
    names = ", ".join(str(path) for path in removal.remaining[:_MAX_NAMES])
    more = len(removal.remaining) - _MAX_NAMES
    return f"Kept, as they are not known to belong to the profile {profile.name}: {names}{f', and {more} more' if more > 0 else ''}."
