# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's result, from what was planned or done. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.apply import Outcome


def report(outcomes: list[Outcome], removed: Sequence[str] = (), trouble: RunbookError | None = None) -> dict:
    """changed, images, references, removed and diff of what was done, or in check mode would be.

    Raises RunbookError with the same as facts where an image failed, or removing ended early by ``trouble``.
    """
    result = {
        "changed": bool(removed) or any(_changes(outcome) for outcome in outcomes),
        "images": [_image(outcome) for outcome in outcomes],
        "references": {outcome.plan.name: outcome.plan.reference for outcome in outcomes if not outcome.error},
        "removed": list(removed),
        "diff": _diff(outcomes, removed),
    }
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        raise RunbookError(_message(failed, len(outcomes)), **result)
    if trouble:
        raise RunbookError(str(trouble), **result)
    return result


def _changes(outcome: Outcome) -> bool:
    return bool(outcome.pulled) or not outcome.error and outcome.plan.action != "reused"


def _image(outcome: Outcome) -> dict:
    plan = outcome.plan
    done = {
        "name": plan.name,
        "tag": plan.tag,
        "reference": plan.reference,
        "id": outcome.id or (plan.present.id if plan.present else None),
        "digest": plan.inputs.digest if plan.inputs else None,
        "action": "failed" if outcome.error else plan.action,
        "reason": plan.reason,
        "bases": plan.bases,
        "pulled": list(outcome.pulled),
        "way": plan.way,
        "bytes_sent": outcome.bytes_sent,
        "load": outcome.load.kind if outcome.load else None,
        "layers_sent": outcome.load.layers_sent if outcome.load else 0,
        "layers_reused": outcome.load.layers_reused if outcome.load else 0,
        "seconds": outcome.seconds,
    }
    return {**done, "msg": str(outcome.error), **outcome.error.facts} if outcome.error else done


def _diff(outcomes: list[Outcome], removed: Sequence[str]) -> dict:
    former = [outcome.plan.before for outcome in outcomes]
    before = former + [reference for reference in removed if reference not in former]
    after = [_after(outcome) for outcome in outcomes]
    return {"before": _lines(before), "after": _lines(after), "before_header": "images in the node", "after_header": "images in the node"}


def _after(outcome: Outcome) -> str | None:
    plan = outcome.plan
    if outcome.error:
        return plan.before
    if plan.action == "reused":
        return plan.reference
    return f"{plan.reference or f'{plan.name}:(known when its base image is there)'}"


def _lines(references: list[str | None]) -> str:
    return "".join(f"{reference}\n" for reference in references if reference)


def _message(failed: list[Outcome], total: int) -> str:
    heading = f"{len(failed)} of {total} images failed.\n" if total > 1 else ""
    return heading + "\n".join(str(outcome.error) for outcome in failed)
