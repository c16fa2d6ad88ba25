# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is reported of a re-encryption: counts and ids, nothing of a secret or a value. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt import ALREADY, LEFT, REENCRYPTED
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_run import Outcome
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_target import WRITES_TARGET, Target, why_unknown, writing
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer


def report(outcome: Outcome, target: Target, signers: list[Signer], missing: list[str]) -> dict:
    """The module's result."""
    told = [
        {
            "workload": one.workload, "pod": one.pod, "container": one.container,
            "writes": writing(target, one), "reason": why_unknown(one),
        }  # fmt: skip
        for one in signers
    ]
    settled = bool(told) and all(one["writes"] == WRITES_TARGET for one in told)
    return {
        "changed": any(counter[REENCRYPTED] for counter in outcome.counts.values()),
        "target": {"form": "bare" if target.version is None else "envelope", "version": target.version},
        "tables": outcome.tables(),
        "missing": missing,
        "left_under_old": outcome.left_under_old,
        "old_droppable": settled and not outcome.left_under_old,
        "signers": told,
        "diff": {"before": _side(outcome, before=True), "after": _side(outcome, before=False)},
    }


def _side(outcome: Outcome, before: bool) -> dict:
    """How many values are where, and the keys that change."""
    side: dict = {}
    for place, counter in outcome.counts.items():
        moved = counter[REENCRYPTED]
        under = counter[ALREADY] + (0 if before else moved)
        side[f"{place.table}.{place.column}"] = {"under the target": under, "under others": counter[LEFT] + (moved if before else 0)}
    if outcome.keys:
        side["keys"] = {row: "under another" if before else "under the target" for row in outcome.keys}
    return side
