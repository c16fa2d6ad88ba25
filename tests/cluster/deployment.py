# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one deployment that all tests of a run of the suite share. The first that needs it makes it; its outcome is recorded for all others."""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from audit import have_policy
from harness import OUTPUT, Playbooks, Run

# A run of the suite has phases, and workers of pytest-xdist; somebody who runs a single test has neither.
RUN_ID = os.environ.get("RUNBOOK_TEST_RUN") or os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
OUTCOME = OUTPUT / "deployment.json"
CHANGED = OUTPUT / "application_changed"  # exists where a test may have left the application other than the example describes it
PATIENCE = 4800  # seconds: programs and images may have to be built first


def outcome(playbooks: Playbooks) -> Run:
    """How deploy.yml went in this run of the suite."""
    with _locked():
        recorded = json.loads(OUTCOME.read_text()) if OUTCOME.exists() else {}
        if recorded.get("run_id") == RUN_ID:
            return Run(**recorded["run"])
        have_policy()
        CHANGED.unlink(missing_ok=True)
        run = playbooks.run("playbooks/deploy.yml", timeout=PATIENCE)
        OUTCOME.write_text(json.dumps({"run_id": RUN_ID, "run": asdict(run)}))
        return run


def restore(playbooks: Playbooks) -> None:
    """Restores the application to what the example describes, where a test has changed it."""
    if CHANGED.exists():
        playbooks.run("playbooks/deploy.yml", rollout_force_conflicts=True).ok()
        CHANGED.unlink()


@contextmanager
def _locked() -> Iterator[None]:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with OUTCOME.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
