# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One line a run in $RUNBOOK_CACHE/history.jsonl: which tree, how long each phase took, how busy the machine was, what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

CACHE = Path(os.environ.get("RUNBOOK_CACHE") or Path.home() / ".cache/runbook.minikube")
FILE = CACHE / "history.jsonl"


def tree_of(checkout: Path) -> str:
    """Git's hash of the checked-out tree, with a plus sign where files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=checkout, check=True, text=True, capture_output=True).stdout.strip()

    return git("rev-parse", "--short=12", "HEAD^{tree}") + ("+" if git("status", "--porcelain") else "")


@dataclass
class Clock:
    """Seconds by phase, and the share of the processors' time that was in use. Use ``measure`` around each phase."""

    began: float = field(default_factory=time.monotonic)
    phases: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)

    def measure(self, name: str) -> _Span:
        """A context manager for a phase."""
        return _Span(self, name)

    def table(self) -> list[str]:
        """A line a phase."""
        return [f"{name:14} {seconds:7.0f} s  {self.busy[name]:4.0%} of the processors" for name, seconds in self.phases.items()]


@dataclass
class _Span:
    clock: Clock
    name: str

    def __enter__(self) -> None:
        self._began, self._used = time.monotonic(), _processor_time()

    def __exit__(self, *_exception) -> None:
        used, total = (now - before for now, before in zip(_processor_time(), self._used, strict=True))
        self.clock.phases[self.name] = round(time.monotonic() - self._began, 1)
        self.clock.busy[self.name] = round(used / max(total, 1), 2)


def _processor_time() -> tuple[int, int]:
    """Ticks of all processors since the machine started: those in use, and all of them (proc_stat(5))."""
    ticks = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def append(checkout: Path, level: str, clock: Clock, verdict) -> str:
    """Adds the line of a run, and returns it."""
    line = json.dumps({
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"), "tree": tree_of(checkout), "level": level,
        "seconds": round(time.monotonic() - clock.began), "phases": clock.phases, "busy": clock.busy, "passed": len(verdict.passed),
        "failed": verdict.failed, "skipped": verdict.skipped, "flaky": verdict.flaky,
    })  # fmt: skip
    CACHE.mkdir(parents=True, exist_ok=True)
    with FILE.open("a") as file:
        file.write(f"{line}\n")
    return line
