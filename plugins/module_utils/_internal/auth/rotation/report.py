# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of auth_rotation: stages, steps and versions, nothing of a secret. Pure."""

from __future__ import annotations

from .observe import RotationState


def report(before: RotationState, after: RotationState, changed: bool) -> dict:
    """The module's result."""
    return {
        "changed": changed,
        "stage": after.secret.stage,
        "steps": after.steps,
        "restart_required": after.restart_required,
        "versioned": not after.unversioned_reason,
        "unversioned_reason": after.unversioned_reason,
        "current_version": after.secret.secrets.current_version,
        "outage_seconds": after.outage_seconds,
        "diff": {"before": stage_and_versions(before), "after": stage_and_versions(after)},
    }


def stage_and_versions(state: RotationState) -> dict:
    """One side of the diff: the stage and the versions, the active one first."""
    return {"stage": state.secret.stage, "versions": list(state.secret.secrets.versions)}
