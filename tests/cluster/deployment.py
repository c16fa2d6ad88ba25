# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The todo applications that the tests of a run of the suite share. The first test that needs one deploys it; the result is recorded for all others."""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from audit import have_policy
from harness import OUTPUT, Playbooks, Run, TestCluster

# A run of the suite has phases, and workers of pytest-xdist; somebody who runs a single test has neither.
RUN_ID = os.environ.get("RUNBOOK_TEST_RUN") or os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
TIMEOUT = 4800  # seconds: programs and images may have to be built first


@dataclass(frozen=True)
class Application:
    """A todo application on the test cluster. ``variables`` are those that tell it from the example's own."""

    name: str
    namespace: str = "default"
    variables: dict = field(default_factory=dict)

    @property
    def cluster(self) -> TestCluster:
        return TestCluster(namespace=self.namespace)

    @property
    def playbooks(self) -> Playbooks:
        return Playbooks(self.variables)

    @property
    def changed(self) -> Path:
        """Exists where a test may have left the application other than the example describes it."""
        return OUTPUT / f"{self.name}_changed"

    def deploy(self) -> Run:
        """How deploy.yml went in this run of the suite."""
        record = OUTPUT / f"{self.name}_deployment.json"
        with _locked(record.with_suffix(".lock")):
            recorded = json.loads(record.read_text()) if record.exists() else {}
            if recorded.get("run_id") == RUN_ID:
                return Run(**recorded["run"])
            have_policy()
            self.changed.unlink(missing_ok=True)
            run = self.playbooks.run("playbooks/deploy.yml", timeout=TIMEOUT)
            record.write_text(json.dumps({"run_id": RUN_ID, "run": asdict(run)}))
            return run

    def restore(self) -> None:
        """Restores what the example describes, where a test has changed it."""
        if self.changed.exists():
            self.playbooks.run("playbooks/deploy.yml", rollout_force_conflicts=True).ok()
            self.changed.unlink()


FIRST_APPLICATION = Application("first")
SECOND_APPLICATION = Application("second", "second", {
    "runbook_app_overrides": {"namespace": "second"}, "todo_frontend_node_port": 30301, "todo_backend_node_port": 30801,
})  # fmt: skip


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
