# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a removal says of itself. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Plan, Profile, Removal

_NAMED = 10  # of what is left, in a warning


def removed_by(plan: Plan, profile: Profile) -> list[str]:
    """All that a plan removes, in order."""
    if not any(action.kind == "remove_files" for action in plan.actions):
        return []
    parts = [f"{part} {profile.name}" for action in plan.actions for part in action.parts]
    entries = [f"context {profile.name} in {profile.kubeconfig}"] if plan.removal.entries else []
    files = [str(path) for path in (*plan.removal.folders, *plan.removal.records)]
    return [*parts, *map(str, plan.removal.paths), *entries, *files]


def warning_of(removal: Removal, profile: Profile) -> str:
    """Names what stays."""
    names = ", ".join(str(path) for path in removal.left[:_NAMED])
    more = len(removal.left) - _NAMED
    return f"This is not known as the profile {profile.name}'s and is left alone: {names}{f', and {more} more' if more > 0 else ''}."
