# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's result, from what was planned or done. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import RunbookError
from .apply import ImageOutcome


def report(outcomes: list[ImageOutcome], removed: Sequence[str] = (), prune_error: RunbookError | None = None) -> dict:
    """The module's result: changed, images, references, removed and diff, as applied or as predicted by check mode.

    Raises RunbookError with the same values as facts if an image failed, or ``prune_error`` ended the removal early.
    """
    result = {
        "changed": bool(removed) or any(_is_changed(outcome) for outcome in outcomes),
        "images": [_image(outcome) for outcome in outcomes],
        "references": {outcome.plan.name: outcome.plan.reference for outcome in outcomes if not outcome.error},
        "removed": list(removed),
        "diff": _diff(outcomes, removed),
    }
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        raise RunbookError(_message(failed, len(outcomes)), **result)
    if prune_error:
        raise RunbookError(str(prune_error), **result)
    return result


def _is_changed(outcome: ImageOutcome) -> bool:
    return bool(outcome.pulled) or not outcome.error and outcome.plan.action != "reused"


def _image(outcome: ImageOutcome) -> dict:
    plan = outcome.plan
    result = {
        "name": plan.name,
        "tag": plan.tag,
        "reference": plan.reference,
        "id": outcome.id or (plan.existing.id if plan.existing else None),
        "digest": plan.inputs.digest if plan.inputs else None,
        "action": "failed" if outcome.error else plan.action,
        "reason": plan.reason,
        "bases": plan.bases,
        "pulled": list(outcome.pulled),
        "method": plan.method,
        "bytes_sent": outcome.bytes_sent,
        "load": outcome.load.kind if outcome.load else None,
        "layers_sent": outcome.load.layers_sent if outcome.load else 0,
        "layers_reused": outcome.load.layers_reused if outcome.load else 0,
        "seconds": outcome.seconds,
    }
    return {**result, "msg": str(outcome.error), **outcome.error.facts} if outcome.error else result


def _diff(outcomes: list[ImageOutcome], removed: Sequence[str]) -> dict:
    planned = [outcome.plan.before for outcome in outcomes]
    before = planned + [reference for reference in removed if reference not in planned]
    after = [_after(outcome) for outcome in outcomes]
    return {"before": _lines(before), "after": _lines(after), "before_header": "images in the node", "after_header": "images in the node"}


def _after(outcome: ImageOutcome) -> str | None:
    plan = outcome.plan
    if outcome.error:
        return plan.before
    if plan.action == "reused":
        return plan.reference
    return f"{plan.reference or f'{plan.name}:(known after the pull of its base image)'}"


def _lines(references: list[str | None]) -> str:
    return "".join(f"{reference}\n" for reference in references if reference)


def _message(failed: list[ImageOutcome], total: int) -> str:
    heading = f"{len(failed)} of {total} images failed.\n" if total > 1 else ""
    return heading + "\n".join(str(outcome.error) for outcome in failed)
