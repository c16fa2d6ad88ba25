# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Differences between an application and its description. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

CLUSTER, RELEASE, BASE_IMAGE, IMAGE, SECRET, OBJECT, WORKLOAD, HEALTH = (
    "cluster", "release", "base_image", "image", "secret", "object", "workload", "health",
)  # fmt: skip


@dataclass(frozen=True)
class Drift:
    """One difference in a component. ``name`` is "" where it is about the whole component; ``message`` contains no value."""

    component: str
    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.component} {self.name}: {self.message}" if self.name else f"{self.component}: {self.message}"


@dataclass
class DriftResult:
    """All differences, and the results of the health checks."""

    drift: list[Drift]
    checks: list[dict] = field(default_factory=list)

    def report(self) -> dict:
        """The module's result."""
        msg = "\n".join(map(str, self.drift)) or "The application matches its description."
        return {"in_sync": not self.drift, "msg": msg, "drift": [vars(one) for one in self.drift], "checks": self.checks}
