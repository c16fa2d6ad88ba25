# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs again, and what becomes of the run: decisions over the recorded tests. Nothing is read or written here.

A recorded test is {id, outcome, rerun, output, setup, call, teardown}, as recorder.py writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FLAKY_LIMIT = 2  # tests that may pass only when they run again; more of them fail the run


@dataclass(frozen=True)
class Verdict:
    """IDs of tests by what became of them. ``flaky``: failed, and passed when they ran again."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    flaky: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the run is good. One that ran nothing is not."""
        return bool(self.passed) and not self.failed and len(self.flaky) <= FLAKY_LIMIT

    def lines(self) -> list[str]:
        """The last lines that a person reads; the very last one counts."""
        lines = [f"FAILED {name}" for name in self.failed]
        lines += [f"FLAKY {name}: it failed, and passed when it ran again; both outputs are in tests/output/flaky.json" for name in self.flaky]
        lines += [f"More than {FLAKY_LIMIT} flaky tests fail the run."] if len(self.flaky) > FLAKY_LIMIT else []
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        return [*lines, f"{len(self.passed)} passed, {len(self.failed)} failed{skipped}"]


def to_rerun(tests: list[dict]) -> list[str]:
    """The IDs of the failed tests that may run again: not those of leaks, lost writes, wrong targets, rights and check mode."""
    return [test["id"] for test in tests if test["outcome"] == "failed" and test["rerun"]]


def judge(first: list[dict], again: list[dict]) -> Verdict:
    """The verdict over the first run of all tests and the second run of some."""
    second = {test["id"]: test["outcome"] for test in again}

    def chosen(outcome: str) -> list[str]:
        return [test["id"] for test in first if test["outcome"] == outcome]

    flaky = [name for name in chosen("failed") if second.get(name) == "passed"]
    failed = [name for name in chosen("failed") if name not in flaky]
    return Verdict(chosen("passed") + flaky, failed, chosen("skipped"), flaky)


def flaky_outputs(first: list[dict], again: list[dict], verdict: Verdict) -> list[dict]:
    """For each flaky test {id, first, again}: its output both times."""
    outputs = [{test["id"]: test["output"] for test in tests} for tests in (first, again)]
    return [{"id": name, "first": outputs[0][name], "again": outputs[1][name]} for name in verdict.flaky]


def slowest(tests: list[dict], number: int) -> list[tuple[float, str]]:
    """The tests that took longest: (seconds with setup and teardown, ID)."""
    times = [(round(test["setup"] + test["call"] + test["teardown"], 1), test["id"]) for test in tests]
    return sorted(times, reverse=True)[:number]
