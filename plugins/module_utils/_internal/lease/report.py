# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of the module lease. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .options import CLUSTER, HELD, LeaseOptions
from .plan import ACQUIRED, RELEASED, RENEWED, REPLACED, LeaseRecord, holder_report, holder_text


@dataclass(frozen=True)
class LeaseResult:
    """The action, with the record before and after it. ``label``: the lease, for messages."""

    action: str
    before: LeaseRecord
    after: LeaseRecord
    label: str

    def report(self) -> dict:
        """The module's result."""
        return {
            "changed": self.action in (ACQUIRED, RENEWED, REPLACED, RELEASED),
            "action": self.action,
            "holder": holder_report(self.after),
            "previous": holder_report(self.before) if self.action == REPLACED else None,
            "msg": f"{self.label}: {self.action}, held by {holder_text(self.after)}",
            "diff": {"before": f"{self.label} held by {_identity(self.before)}\n", "after": f"{self.label} held by {_identity(self.after)}\n"},
        }


def held_lease(options: LeaseOptions, check: bool) -> dict:
    """The Lease that this run holds after the task, for the modules that write under it; {} without one."""
    holds = options.state == HELD and options.scope == CLUSTER and not check
    return {"name": options.name, "namespace": options.namespace} if holds else {}


def _identity(record: LeaseRecord) -> str:
    """Without times, so that a renewal shows no difference."""
    return record.identity or "nobody"
