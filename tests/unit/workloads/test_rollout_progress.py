# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The progress lines of a rollout."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import (
    COMPLETE,
    PROGRESSING,
    Cause,
    RolloutStatus,
    Workload,
    WorkloadStatus,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.progress import INTERVAL, RolloutProgress, progress_line


def one(name: str, state: str = PROGRESSING, missing: tuple = ("0 of 1 new pods are ready",), **cause) -> WorkloadStatus:
    fields = {"workload": f"Deployment {name}", "reason": "x", "hint": "x", **cause}
    return WorkloadStatus(Workload("Deployment", name), state, missing, (Cause(**fields),) if cause else ())


def status(*workloads: WorkloadStatus) -> RolloutStatus:
    return RolloutStatus(PROGRESSING, workloads)


PULLING = one("frontend", category="starting", summary="is starting", message='Pulling image "frontend:1a2b"')
READY = one("backend", COMPLETE)


@pytest.mark.parametrize(
    ("workloads", "line"),
    [
        ((READY, PULLING), '1 of 2 ready; frontend: Pulling image "frontend:1a2b"'),
        ((one("web"),), "0 of 1 ready; web: 0 of 1 new pods are ready"),
        ((one("web", category="starting", summary="is starting"),), "0 of 1 ready; web: starting"),
        ((one("web", category="probe_fails", summary="is running but does not become ready", container="app"),),
         "0 of 1 ready; web: container app is running, but not ready yet"),
        ((one("web", category="crash", summary="crashes", container="app"),), "0 of 1 ready; web: container app crashes"),
        ((one("web", category="quota", summary="its pods cannot be created: x"),), "0 of 1 ready; web: its pods cannot be created: x"),
        ((READY, *map(one, "abcde")), "1 of 6 ready; " + "; ".join(f"{name}: 0 of 1 new pods are ready" for name in "abc") + "; and 2 more"),
        ((one("web", missing=()),), "0 of 1 ready; web: waiting"),
    ],
)
def test_line(workloads, line):
    assert progress_line(status(*workloads)) == line


def test_lines_come_after_an_interval_and_only_with_a_change():
    lines, clock = [], [0.0]
    progress = RolloutProgress(lines.append, lambda: clock[0])
    for seconds, workloads in [(0, (PULLING,)), (INTERVAL - 1, (PULLING,)), (INTERVAL, (PULLING,)), (3 * INTERVAL, (PULLING,)),
                               (3 * INTERVAL + 1, (one("frontend"),)), (3 * INTERVAL + 2, (one("frontend"), READY))]:  # fmt: skip
        clock[0] = seconds
        progress.update(status(*workloads))
    assert lines == ['0 of 1 ready; frontend: Pulling image "frontend:1a2b"', "0 of 1 ready; frontend: 0 of 1 new pods are ready"]
