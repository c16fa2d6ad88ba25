# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of auth_reencrypt: counts and ids, nothing of a secret or a value. Pure."""

from __future__ import annotations

from ..server_secrets import AuthServer
from .apply import ReencryptResult
from .plan import ALREADY_CURRENT, REENCRYPTED, SKIPPED
from .target import WRITES_TARGET, ReencryptTarget, why_unknown, writing


def report(result: ReencryptResult, target: ReencryptTarget, servers: list[AuthServer], missing: list[str]) -> dict:
    """The module's result."""
    reported = [
        {
            "workload": one.workload, "pod": one.pod, "container": one.container,
            "writes": writing(target, one), "reason": why_unknown(one),
        }  # fmt: skip
        for one in servers
    ]
    all_write_target = bool(reported) and all(one["writes"] == WRITES_TARGET for one in reported)
    return {
        "changed": any(counter[REENCRYPTED] for counter in result.counts.values()),
        "target": {"form": "bare" if target.version is None else "envelope", "version": target.version},
        "tables": result.tables(),
        "missing": missing,
        "remaining_with_old_secret": result.remaining,
        "old_secret_removable": all_write_target and not result.remaining,
        "auth_servers": reported,
        "diff": {"before": _side(result, before=True), "after": _side(result, before=False)},
    }


def _side(result: ReencryptResult, before: bool) -> dict:
    """How many values are encrypted with which secret, and the keys that change."""
    side: dict = {}
    for column, counter in result.counts.items():
        moved = counter[REENCRYPTED]
        current = counter[ALREADY_CURRENT] + (0 if before else moved)
        side[f"{column.table}.{column.column}"] = {"target secret": current, "other secrets": counter[SKIPPED] + (moved if before else 0)}
    if result.keys:
        side["keys"] = {row: "other secret" if before else "target secret" for row in result.keys}
    return side
