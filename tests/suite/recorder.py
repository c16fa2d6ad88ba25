# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pytest plugin that writes how each test went, and how long it took, as JSON to the file that RUNBOOK_RECORD names."""

from __future__ import annotations

import json
import os
from pathlib import Path

STEPS = ("setup", "call", "teardown")


def register(config) -> None:
    """Records this run, if a record is requested. Workers of pytest-xdist report to their controller, which records for all."""
    place = os.environ.get("RUNBOOK_RECORD")
    if place and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(place)))


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
    return {"id": name, "outcome": "passed", "rerun": rerun, **dict.fromkeys(STEPS, 0.0), "output": ""}


def plain(node_id: str) -> str:
    """A test's ID without the group that pytest-xdist appends to it."""
    path, bracket, parameters = node_id.partition("[")
    head, separator, group = (node_id if not bracket else parameters).rpartition("@")
    if not separator or "]" in group:
        return node_id
    return head if not bracket else f"{path}[{head}"
