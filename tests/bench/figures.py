# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Samples, their medians, and how one way compares with another. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Figures:
    """Seconds by (case, way), in the order in which they were measured."""

    samples: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, case: str, way: str, seconds: float) -> None:
        """One more sample."""
        self.samples.setdefault((case, way), []).append(seconds)

    def median(self, case: str, way: str) -> float | None:
        """None where nothing was measured."""
        found = self.samples.get((case, way))
        return median(found) if found else None

    def ratio(self, case: str, way: str, other: str, other_case: str | None = None) -> float | None:
        """How many times as long ``way`` takes as ``other``, by their medians."""
        mine, theirs = self.median(case, way), self.median(other_case or case, other)
        return mine / theirs if mine is not None and theirs else None

    def to_dict(self) -> dict:
        """For a file: {case: {way: {median, samples}}}, in seconds."""
        cases: dict = {}
        for (case, way), seconds in self.samples.items():
            cases.setdefault(case, {})[way] = {"median": round(median(seconds), 2), "samples": [round(one, 2) for one in seconds]}
        return cases


@dataclass(frozen=True)
class Aim:
    """``way`` in ``case`` takes at most ``limit`` times as long as ``other`` (in ``other_case``, or the same one)."""

    case: str
    way: str
    other: str
    limit: float
    other_case: str | None = None

    def verdict(self, figures: Figures) -> dict:
        """What was required and what was observed; ``met`` is None where it was not measured."""
        ratio = figures.ratio(self.case, self.way, self.other, self.other_case)
        return {
            "aim": f"{self.case}: {self.way} at most {self.limit:g} times {self.other}{f' ({self.other_case})' if self.other_case else ''}",
            "ratio": None if ratio is None else round(ratio, 3),
            "met": None if ratio is None else ratio <= self.limit,
        }


def table(figures: Figures, ours: tuple[str, ...]) -> str:
    """Every case and way with its median, its range, and how many times that of the case's own way (one of ``ours``) it is."""
    rows = [("case", "way", "median s", "from - to", "samples", "× ours")]
    for (case, way), seconds in figures.samples.items():
        own = next((name for name in ours if (case, name) in figures.samples), way)
        ratio = figures.ratio(case, way, own)
        spread = f"{min(seconds):.2f} - {max(seconds):.2f}"
        rows.append((case, way, f"{median(seconds):.2f}", spread, str(len(seconds)), "" if ratio is None else f"{ratio:.2f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
