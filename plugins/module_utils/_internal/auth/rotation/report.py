# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of auth_rotation: stages, steps and versions, nothing of a secret. Pure."""

from __future__ import annotations

from .model import RotationState


def report(before: RotationState, after: RotationState, changed: bool) -> dict:
    """The module's result."""
    return {
        "changed": changed,
        "stage": after.secret.stage,
        "steps": after.steps,
        "restart_required": after.restart_required,
        "unmanaged": after.unmanaged,
        "unknown": sorted(after.copies.unknown),
        "versioned": not after.unversioned_reason,
        "unversioned_reason": after.unversioned_reason,
        "current_version": after.secret.secrets.current_version,
        "outage_seconds": after.outage_seconds,
        "cookie_outage_workloads": after.interrupted,
        "cookie_outage_seconds": after.signing_seconds if after.interrupted else None,
        "cookies_refused_by": sorted(after.copies.refusing(after.servers)),
        "diff": {"before": stage_and_versions(before), "after": stage_and_versions(after)},
    }


def stage_and_versions(state: RotationState) -> dict:
    """One side of the diff: the stage, the versions, the active one first, and the Secrets whose copies do not follow yet."""
    due = [f"{copy.secret}/{copy.key}" for copy in state.copies.due(state.secret)]
    return {"stage": state.secret.stage, "versions": list(state.secret.secrets.versions), **({"outdated_copies": due} if due else {})}
