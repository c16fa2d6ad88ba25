# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a workload is restarted: as `kubectl rollout restart` does it, by the time in its pod template. Pure."""

from __future__ import annotations

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
MANAGER = "runbook-rollout"  # a name of its own, so that a later deploy leaves the annotation alone


def restarted(at: str) -> dict:
    """The patch that restarts a workload; ``at`` is the time in RFC 3339."""
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}}
