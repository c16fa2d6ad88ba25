# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of dapr_recovery, and its summary. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import NOTHING_CHANGED
from .actions import RecoveryAction, RecoveryPlan
from .model import DaprState


def report(state: DaprState, plan: RecoveryPlan, actions: Iterable[RecoveryAction]) -> dict:
    """``actions``: those that were applied, or in check mode would be; the plan holds the problems that are left."""
    listed = [action.as_data() for action in actions]
    return {
        "changed": bool(listed),
        "actions": listed,
        "problems": [problem.as_data() for problem in plan.problems],
        "notes": list(plan.notes),
        "healthy": plan.is_healthy,
        "sidecars": {"expected": len(state.pods), "present": state.injected},
        "diff": {"before": _lines(action["evidence"] for action in listed), "after": _lines(action["message"] for action in listed)},
    }


def recovery_summary(result: dict, predicted: bool) -> list[str]:
    """The result of the module as sentences; ``predicted``: whether it is that of check mode."""
    messages = [action["message"] for action in result["actions"]]
    if result["changed"]:
        first = "Would be done:" if predicted else "Done:"
    else:
        first = f"Dapr is healthy. {NOTHING_CHANGED}" if result["healthy"] else "Nothing can be fixed automatically."
    return [first, *messages, *result["notes"]]


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)
