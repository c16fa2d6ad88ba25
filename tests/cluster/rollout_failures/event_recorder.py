# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records when the API first showed a symptom, independently of the module, by kubectl watches."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import defaultdict

from harness import TestCluster
from rollout_failures.symptoms import Symptom

PATHS = {
    "Pod": "/api/v1/pods",
    "Event": "/api/v1/events",
    "ReplicaSet": "/apis/apps/v1/replicasets",
    "Deployment": "/apis/apps/v1/deployments",
}
SECONDS = 3600  # for which the API server keeps a watch open


class EventRecorder:
    """Use as a context manager. Records the events of namespaces whose name begins with ``prefix``."""

    def __init__(self, cluster: TestCluster, prefix: str):
        self._cluster = cluster
        self._prefix = prefix
        self._recorded: dict[str, list[tuple[float, str, dict]]] = defaultdict(list)
        self._watches: list[subprocess.Popen] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> EventRecorder:
        for kind, path in PATHS.items():
            command = self._cluster.command("get", "--raw", f"{path}?watch=1&timeoutSeconds={SECONDS}")
            watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            thread = threading.Thread(target=self._listen, args=(kind, watch), daemon=True)
            thread.start()
            self._watches.append(watch)
            self._threads.append(thread)
        return self

    def __exit__(self, *_exception) -> None:
        for watch, thread in zip(self._watches, self._threads, strict=True):
            watch.terminate()
            thread.join()
            watch.wait()

    def first(self, namespace: str, symptom: Symptom, options: dict) -> float | None:
        """The moment (time.monotonic) at which the API showed a symptom first, None if it never did."""
        return next((moment for moment, kind, obj in list(self._recorded[namespace]) if symptom(kind, obj, options)), None)

    def _listen(self, kind: str, watch: subprocess.Popen) -> None:
        for line in watch.stdout:
            moment, obj = time.monotonic(), json.loads(line)["object"]
            namespace = obj["metadata"].get("namespace", "")
            if namespace.startswith(self._prefix):
                self._recorded[namespace].append((moment, kind, obj))
