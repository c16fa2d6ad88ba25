# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the tests. Usage: python tests/suite fast|all|long [pytest options]

fast: without a cluster. all: that, sanity at both ends, a real PostgreSQL, and the real cluster. long: all, with the long forms.
"""

from __future__ import annotations

import json
import subprocess
import sys

from history import Clock, append
from jobs import Job, log
from phases import CHECKOUT, OUTPUT, Phases
from verdict import Verdict, flaky_outputs, judge, slowest

SLOWEST = 15
SANITY = "scripts/lint tests && scripts/sanity newest && scripts/sanity oldest"
ENDS, FURTHER_ENDS = ("newest", "oldest"), ("lowest", "next")  # see scripts/venv


def main(level: str, options: list[str]) -> int:
    """The exit status."""
    clock = Clock()
    ends = ENDS + (FURTHER_ENDS if level == "long" else ())
    log(f"Unit tests ({', '.join(ends)}), lint")
    with clock.measure("fast"):
        failed = fast(ends)
    if failed or level == "fast":
        return failed
    phases = Phases(options, level == "long", clock)
    with Job("sanity", ["bash", "-c", SANITY], low_priority=True, cwd=CHECKOUT) as sanity:
        phases.run_all()
        with clock.measure("sanity"):  # what is left of it
            failed = sanity.finish()
    verdict = judge(phases.first, phases.again)
    report(phases, verdict, append(CHECKOUT, level, clock, verdict))
    return 0 if verdict.ok and not failed else 1


def fast(ends: tuple[str, ...]) -> int:
    """Unit tests at each end, and lint; the number of those that failed."""
    jobs = [Job("lint", ["scripts/lint", "product"], cwd=CHECKOUT)]
    jobs += [Job(f"unit tests, {end}", unit_tests(end), cwd=CHECKOUT) for end in ends]
    return sum(bool(job.finish()) for job in jobs)


def unit_tests(end: str) -> list[str]:
    """The command of one end's unit tests."""
    venv = subprocess.run(["scripts/venv", end], cwd=CHECKOUT, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
    return [f"{venv}/bin/python", "-m", "pytest", "-q", "-rs", "-n", "2", "tests/unit"]


def report(phases: Phases, verdict: Verdict, line: str) -> None:
    """Where the time went, and what came of it."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "flaky.json").write_text(json.dumps(flaky_outputs(phases.first, phases.again, verdict), indent=1))
    (OUTPUT / "durations.json").write_text(json.dumps(phases.first, indent=1))
    print("\nWhere the time went:", *phases.clock.table(), sep="\n  ")
    print("The slowest tests:", *(f"{seconds:7.1f} s  {name}" for seconds, name in slowest(phases.first, SLOWEST)), sep="\n  ")
    print(line)
    print(*verdict.lines(), sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
