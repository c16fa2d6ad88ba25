# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of auth_reencrypt: counts and ids, nothing of a secret or a value. Pure."""

from __future__ import annotations

from ..server_secrets import AuthServer
from .apply import ReencryptResult
from .blockers import Remains, blockers
from .plan import ALREADY_CURRENT, REENCRYPTED, SKIPPED
from .search_plan import SearchResult
from .tables import FoundTables
from .target import ReencryptTarget, why_unknown, writing


def report(
    result: ReencryptResult,
    target: ReencryptTarget,
    servers: list[AuthServer],
    found: FoundTables,
    searched: SearchResult = SearchResult(),
    unused: frozenset[str] = frozenset(),
    declared: frozenset[str] = frozenset(),
) -> dict:
    """The module's result. ``unused`` and ``declared``: the options unused and unscanned."""
    reported = [
        {
            "workload": one.workload, "pod": one.pod, "container": one.container,
            "writes": writing(target, one), "reason": why_unknown(one),
        }  # fmt: skip
        for one in servers
    ]
    unscanned = list({one.label: one for one in (*searched.unscanned, *found.unscanned) if not {one.table, one.label} & declared}.values())
    remains = Remains(result.remaining, searched.in_use, [name for name in found.missing if name not in unused], unscanned, reported)
    problems = blockers(remains)
    return {
        "changed": any(counter[REENCRYPTED] for counter in result.counts.values()),
        "target": {"form": "bare" if target.version is None else "envelope", "version": target.version},
        "tables": result.tables(),
        "missing": found.missing,
        "elsewhere": [one.report() for one in searched.elsewhere],
        "unscanned": [one.report() for one in unscanned],
        "remaining_with_old_secret": result.remaining + sum(one.values for one in searched.in_use),
        "old_secret_removable": not problems,
        "blockers": problems,
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
