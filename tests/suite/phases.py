# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the tests on the real cluster in phases, each a pytest of its own: pytest-xdist's groups know no order among themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from history import Clock
from jobs import Job, log
from verdict import to_rerun

CHECKOUT = Path(__file__).resolve().parents[2]
OUTPUT = CHECKOUT / "tests/output"
BESIDE = ("postgres", "callback")  # folders of tests that need no cluster
FOLDERS = ("tests/cluster/", *(f"tests/{name}/" for name in BESIDE))
WORKERS = max(1, (os.cpu_count() or 2) // 2)  # beside those that work on the applications
FINE = (0, 1, 5)  # pytest's exit statuses: all passed, some failed (the record names them), none was chosen


@dataclass
class Phases:
    """``options`` are pytest's. ``first`` and ``again`` collect the recorded tests, see verdict.py."""

    options: list[str]
    long: bool
    clock: Clock
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    first: list[dict] = field(default_factory=list)
    again: list[dict] = field(default_factory=list)

    def run_all(self) -> None:
        """All phases in their order. Without a deployment there is nothing to go on with."""
        log("Deployment of examples/todo; beside it the tests that need none, those on a PostgreSQL of their own, and those of the callback")
        with self.clock.measure("deploy"):
            with ExitStack() as stack:
                jobs = [stack.enter_context(self._start("undeployed", self._arguments("undeployed")))]
                jobs += [stack.enter_context(self._start(name, [f"tests/{name}"])) for name in BESIDE]
                deployed = self._run("deploy")
                for job in jobs:
                    self._note(job.name, job.finish())
            self.first += [test for name in (job.name for job in jobs) for test in self._recorded(name)] + deployed
        if any(test["outcome"] == "failed" for test in deployed):
            log("The deployment failed: the other tests on the cluster are left out")
            return
        log(f"Tests on two applications, then those that change cluster-wide objects; beside them, {WORKERS} at once, those in their own namespaces")
        with self.clock.measure("beside"), self._start("beside", self._arguments("beside", "-n", str(WORKERS), "--dist", "loadgroup")) as beside:
            with self.clock.measure("second_application"), self._start("second_application", self._arguments("second_application")) as second:
                self._phase("application")
                self._note(second.name, second.finish())
            self._phase("cluster_wide")
            self._note(beside.name, beside.finish())
        self.first += self._recorded("second_application") + self._recorded("beside")
        for folder in FOLDERS:  # the hooks of one are none of the other's
            self._rerun(f"rerun_{Path(folder).name}", [test for test in self.first if test["id"].startswith(folder)])
        log("Tests that stop the engine or the cluster, and its end")
        stopping = self._phase("stopping")
        if to_rerun(stopping):
            self.run_id = uuid.uuid4().hex  # the cluster is recreated
            self._rerun("rerun_stopping", stopping)

    def _phase(self, name: str, *more: str) -> list[dict]:
        with self.clock.measure(name):
            tests = self._run(name, *more)
        self.first += tests
        return tests

    def _rerun(self, name: str, tests: list[dict]) -> None:
        chosen = to_rerun(tests)
        if not chosen:
            return
        log(f"What failed, once more: {len(chosen)}")
        with self.clock.measure(name):
            self._call(name, [*chosen])
        self.again += self._recorded(name)

    def _run(self, name: str, *more: str) -> list[dict]:
        self._call(name, self._arguments(name, *more))
        return self._recorded(name)

    def _start(self, name: str, arguments: list[str]) -> Job:
        return Job(name, self._command(arguments), env=self._environment(name), cwd=CHECKOUT)

    def _call(self, name: str, arguments: list[str]) -> None:
        done = subprocess.run(self._command(arguments), env=self._environment(name), cwd=CHECKOUT, check=False)
        self._note(name, done.returncode)

    def _note(self, name: str, status: int) -> None:
        """A pytest that could not run its tests has no record of them: it counts as a test that failed."""
        if status not in FINE:
            self.first.append({"id": f"pytest of the phase {name}: exit status {status}", "outcome": "failed", "rerun": False,
                               "setup": 0, "call": 0, "teardown": 0, "output": ""})  # fmt: skip

    def _command(self, arguments: list[str]) -> list[str]:
        return [sys.executable, "-m", "pytest", "-v", *arguments]

    def _arguments(self, name: str, *more: str) -> list[str]:
        return ["tests/cluster", "--phase", name, *more, *self.options]

    def _environment(self, name: str) -> dict:
        self._record(name).unlink(missing_ok=True)
        return {**os.environ, "RUNBOOK_LONG": "1" if self.long else "0", "RUNBOOK_TEST_RUN": self.run_id, "RUNBOOK_RECORD": str(self._record(name))}

    def _record(self, name: str) -> Path:
        return OUTPUT / f"{name}.json"

    def _recorded(self, name: str) -> list[dict]:
        record = self._record(name)
        return json.loads(record.read_text()) if record.exists() else []
