# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the node's engine does while a block runs: images that it gets or names, and containers that a build makes.

The engine's events are followed, as it keeps the last few hundred only, and each probe of a pod makes some.
"""

from __future__ import annotations

import json
import subprocess
import threading
from typing import Self

from background import Background
from harness import TestCluster

FOLLOWS = ("--filter", "type=image", "--filter", "type=container", "--filter", "event=create", "--filter", "event=pull", "--filter", "event=load",
           "--filter", "event=tag", "--filter", "event=import")  # fmt: skip


class EngineEvents(Background):
    """Use as a context manager. ``observed``: 'image ACTION NAME', and 'container NAME' for one that is none of Kubernetes' own."""

    def __init__(self, cluster: TestCluster):
        self._cluster = cluster
        self.observed: list[str] = []

    def __enter__(self) -> Self:
        command = ["docker", "exec", self._cluster.profile, "docker", "events", *FOLLOWS, "--format", "{{json .}}"]
        self._events = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        super().__enter__()
        self._mark("begin")
        return self

    def __exit__(self, *exception) -> None:
        self._mark("end")  # all that was before it has been observed then
        self._events.terminate()
        self._events.wait()
        super().__exit__(*exception)

    def _mark(self, name: str) -> None:
        """Makes an event of our own, and waits until it is observed."""
        received = threading.Event()
        self._awaited = (f"runbook-test/events:{name}", received)
        image = json.loads((self._cluster.state / "local_cluster.json").read_text())["base_images"]["busybox"]
        while not received.wait(1):
            self._cluster.docker("tag", image, self._awaited[0])
            self._cluster.docker("rmi", self._awaited[0])
            assert self._events.poll() is None, "the node's engine reports no events"

    def _run(self) -> None:
        for line in self._events.stdout:
            event = json.loads(line)
            name = event["Actor"]["Attributes"].get("name", "")
            if name == self._awaited[0] and event["Action"] == "tag":
                self._awaited[1].set()
            elif event["Type"] == "image" and not name.startswith("runbook-test/events:"):
                self.observed.append(f"image {event['Action']} {name}")
            elif event["Type"] == "container" and not name.startswith("k8s_"):
                self.observed.append(f"container {name}")
