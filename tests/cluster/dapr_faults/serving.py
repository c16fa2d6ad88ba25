# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many pods of each application serve, from moment to moment: a watch of all pods."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import Self

from background import Background
from dapr_faults.cluster_state import NAMESPACE
from harness import TestCluster

FIELDS = (
    ".type", ".object.metadata.namespace", ".object.metadata.name", ".object.metadata.labels.app", ".object.metadata.deletionTimestamp",
    '.object.status.conditions[?(@.type=="Ready")].status',
)  # fmt: skip
APPLICATIONS = ("default", NAMESPACE)
Workload = tuple[str, str]  # namespace and label app


class Serving(Background):
    """Use as a context manager. ``fewer`` has the workloads of which fewer pods were ready at a moment than at first, with both numbers.

    A workload of one pod is not counted, as that pod is the one that is cured.
    """

    def __init__(self, cluster: TestCluster):
        columns = "|".join(f"{{{field}}}" for field in FIELDS)
        self._command = cluster.command("get", "pods", "-A", "--watch", "--output-watch-events", "-o", f"jsonpath={columns}{{\"\\n\"}}")
        self._ready: dict[tuple[str, str], Workload] = {}
        self._first: Counter[Workload] | None = None
        self.fewer: dict[Workload, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        self._watch = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        return super().__enter__()

    def __exit__(self, *exception) -> None:
        self._watch.terminate()
        super().__exit__(*exception)
        self._watch.wait()
        assert self._ready, "the watch has seen no pod"

    def _run(self) -> None:
        for line in self._watch.stdout:
            kind, namespace, name, app, _deleted, ready = line.rstrip("\n").split("|")
            if namespace in APPLICATIONS:
                self._record(kind, (namespace, name), (namespace, app), ready == "True")

    def _record(self, kind: str, pod: tuple[str, str], workload: Workload, ready: bool) -> None:
        if kind != "ADDED" and self._first is None:
            self._first = Counter(self._ready.values())
        if ready and kind != "DELETED":
            self._ready[pod] = workload
        else:
            self._ready.pop(pod, None)
        before, now = (self._first or {}).get(workload, 0), Counter(self._ready.values())[workload]
        if before > 1 and now < min(before, self.fewer.get(workload, (before, before))[1]):
            self.fewer[workload] = (before, now)
