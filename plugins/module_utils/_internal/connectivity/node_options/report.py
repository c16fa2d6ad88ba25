# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of nodejs_network_options. Of NODE_OPTIONS only the flags for connections are shown: others may hold secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ...workloads.node_options import selection_flags
from ..network.report import connection_data, node_data
from .model import NONE, REMOVE, Cure, ObservedWorkload


def report(observed: list[ObservedWorkload], cures: list[Cure]) -> dict:
    """The result and its diff."""
    changed = [cure for cure in cures if cure.action != NONE]
    others = [
        verdict.problem for item in observed for index, (_connection, verdict) in enumerate(item.verdicts)
        if verdict.problem and index not in item.affected
    ]
    return {
        "changed": bool(changed), "actions": list(map(str, changed)), "workloads": [_workload(item, cure) for item, cure in zip(observed, cures, strict=True)],
        "applied": [{"kind": cure.workload.kind, "name": cure.workload.name} for cure in cures if cure.present or cure.action != NONE],
        "problems": [*(cure.reason for cure in cures if cure.reason), *others],
        "notes": [verdict.note for item in observed for _connection, verdict in item.verdicts if verdict.note],
        "diff": {"before": _lines(changed, "former"), "after": _lines([cure for cure in changed if cure.action != REMOVE], "value")},
    }  # fmt: skip


def _workload(item: ObservedWorkload, cure: Cure) -> dict:
    return {
        "kind": item.workload.kind, "name": item.workload.name, "container": cure.container, "action": cure.action, "flags": list(cure.flags),
        "reason": cure.reason, "node": node_data(item.probe) if item.probe else None, "connections": [connection_data(*pair) for pair in item.verdicts],
    }  # fmt: skip


def _lines(cures: Iterable[Cure], name: str) -> str:
    lines = [(cure, " ".join(selection_flags(getattr(cure, name)))) for cure in cures]
    return "".join(f"{cure.workload}: container {cure.container}: NODE_OPTIONS: {text or '(no flags for connections)'}\n" for cure, text in lines)
