# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of event_dedup, predicted in check mode. Of a row it names the key, the event's id and the time, and nothing of its content."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .kinds import EVENT_KINDS
from .model import Found, Observed
from .plan import NONE, Plan


@dataclass(frozen=True)
class DedupResult:
    """``plan``: the step that was planned at first. ``archive_id``: None where nothing was archived, and in check mode."""

    observed: Observed
    plan: Plan
    found: Found = Found()
    archive_id: str | None = None
    batches: int = 0
    longest: float = 0.0
    restored: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything is or would be changed."""
        return self.plan.step != NONE or bool(self.restored)

    def report(self) -> dict:
        """The module's result."""
        return {
            "changed": self.changed,
            "table": self.observed.table.label,
            "duplicates": [_row(one) for one in self.found.first],
            "duplicate_count": self.found.total,
            "kinds": {kind: self.found.kinds[kind] for kind in EVENT_KINDS if kind in self.found.kinds},
            "archive_table": self.observed.archive.name,
            "archive_id": self.archive_id,
            "batches": self.batches,
            "longest_batch": round(self.longest, 3),
            "restored": self.restored,
            "index": {"name": self.plan.index, "action": self.plan.step, "definition": self.plan.statement},
        }

    def diff(self) -> dict:
        """The duplicates by name and the index, before and after."""
        if not self.changed:
            return {"before": {}, "after": {}}
        rows = [one.row for one in self.found.first]
        return {"before": {"duplicates": rows, "index": self.plan.step}, "after": {"duplicates": [], "index": self.plan.statement}}


def _row(duplicate) -> dict:
    return {name: value for name, value in asdict(duplicate).items() if name != "problem"}
