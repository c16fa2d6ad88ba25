# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pytest plugin that writes how each test went, how long it took, and how much of the processors, to the JSON file that RUNBOOK_RECORD names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

STEPS = ("setup", "call", "teardown")
USED = "processor_seconds"


def register(config) -> None:
    """Records this run, if a record is requested. Workers of pytest-xdist report to their controller, which records for all."""
    place = os.environ.get("RUNBOOK_RECORD")
    if place:
        config.pluginmanager.register(ProcessorTime())
    if place and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(place)))


class ProcessorTime:
    """Adds to each report the processor time of this process and of those that it started and waited for; the cluster's is not included."""

    def __init__(self) -> None:
        self._before = _used()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self):
        """The time since the last report."""
        report = yield
        now = _used()
        report.user_properties.append((USED, round(now - self._before, 2)))
        self._before = now
        return report


def _used() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Recorder:
    """Keeps the reports of all tests until the end of the run."""

    def __init__(self, place: Path):
        self._place = place
        self._tests: dict[str, dict] = {}

    def pytest_runtest_logreport(self, report) -> None:
        """Adds a step of a test."""
        name = plain(report.nodeid)
        test = self._tests.setdefault(name, _new(name, rerun="no_rerun" not in report.keywords))
        test[report.when] = round(report.duration, 2)
        test[USED] = round(test[USED] + dict(report.user_properties).get(USED, 0), 2)
        if report.failed:
            test["outcome"] = "failed"
            test["output"] += report.longreprtext + "".join(f"\n--- {title}\n{text}" for title, text in report.sections)
            self._write()  # a run of an hour may be cut off
        elif report.skipped and test["outcome"] == "passed":
            test["outcome"] = "skipped"

    def pytest_collectreport(self, report) -> None:
        """A file that can't be read counts as a test that failed."""
        if report.failed:
            name = report.nodeid or "collection"
            self._tests[name] = {**_new(name, rerun=False), "outcome": "failed", "output": report.longreprtext}

    def pytest_sessionfinish(self) -> None:
        """Writes the record."""
        self._write()

    def _write(self) -> None:
        self._place.parent.mkdir(parents=True, exist_ok=True)
        self._place.write_text(json.dumps(list(self._tests.values()), indent=1))


def _new(name: str, rerun: bool) -> dict:
    return {"id": name, "outcome": "passed", "rerun": rerun, **dict.fromkeys((*STEPS, USED), 0.0), "output": ""}


def plain(node_id: str) -> str:
    """A test's ID without the group that pytest-xdist appends to it."""
    path, bracket, parameters = node_id.partition("[")
    head, separator, group = (node_id if not bracket else parameters).rpartition("@")
    if not separator or "]" in group:
        return node_id
    return head if not bracket else f"{path}[{head}"
