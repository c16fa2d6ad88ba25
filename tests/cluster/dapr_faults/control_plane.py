# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control plane itself: changed from its release, or a component deleted."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from dapr_faults.cluster_state import CONTROL_PLANE, SYSTEM, eventually, get, is_ready, only, patch, pods_of, states, waiting
from dapr_faults.fault import Fault
from harness import TestCluster

ABSENT_SECRET = "dapr-faults-absent"
REFUSED = "--no-such-option"


def env_of_an_absent_secret(container: dict) -> None:
    """A variable that cannot be set."""
    source = {"secretKeyRef": {"name": ABSENT_SECRET, "key": "token"}}
    container.setdefault("env", []).append({"name": "DAPR_FAULTS_TOKEN", "valueFrom": source})


def unknown_option(container: dict) -> None:
    """An argument that the program refuses."""
    container["args"] = [*container.get("args", []), REFUSED]


@dataclass
class Drift(Fault):
    """A Deployment was changed manually and its working pod deleted: new pods wait for ``reason``."""

    deployment: str = ""
    change: Callable[[dict], None] = unknown_option
    reason: str = ""
    previous: list[dict] = field(default_factory=list)

    def inject(self, cluster: TestCluster) -> None:
        self.previous = self._containers(cluster)
        changed = copy.deepcopy(self.previous)
        self.change(changed[0])
        # A rolling update would keep the working pod: the new one never gets ready.
        scale(cluster, self.deployment, 0)
        self._write(cluster, changed)
        scale(cluster, self.deployment, 1, wait=False)
        eventually(lambda: self._shows(cluster))

    def persists(self, cluster: TestCluster) -> None:
        # Between two crashes, the container runs for a moment.
        eventually(lambda: self._shows(cluster))

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, f"{self.deployment}-")}

    def clean_up(self, cluster: TestCluster) -> None:
        if self.previous and self._containers(cluster) != self.previous:
            self._write(cluster, self.previous)
        if self.previous:
            scale(cluster, self.deployment, 1)

    def _shows(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, self.deployment))
        assert waiting(pod, self.deployment) == self.reason, f"not {self.reason}: {states([pod])}"

    def _containers(self, cluster: TestCluster) -> list[dict]:
        return get(cluster, "deployment", self.deployment)["spec"]["template"]["spec"]["containers"]

    def _write(self, cluster: TestCluster, containers: list[dict]) -> None:
        change = [{"op": "replace", "path": "/spec/template/spec/containers", "value": containers}]
        patch(cluster, "deployment", self.deployment, change, "json")


def scale(cluster: TestCluster, deployment: str, replicas: int, wait: bool = True) -> None:
    """Scales a Deployment of Dapr's, and waits until that many pods are ready and no other one is left."""

    def check() -> None:
        pods = pods_of(cluster, deployment)
        assert len(pods) == replicas and all(map(is_ready, pods)), f"{deployment}, {replicas} expected: {states(pods)}"

    cluster.kubectl("scale", f"deployment/{deployment}", "-n", SYSTEM, f"--replicas={replicas}")
    if wait:
        eventually(check)


def restart(cluster: TestCluster, name: str) -> None:
    """Restarts a component of the control plane, and waits for it."""
    target = f"{CONTROL_PLANE[name]}/{name}"
    cluster.kubectl("rollout", "restart", target, "-n", SYSTEM)
    cluster.kubectl("rollout", "status", target, "-n", SYSTEM, "--timeout=300s")


def restart_all(cluster: TestCluster) -> None:
    """Restarts the whole control plane, in its order."""
    for name in CONTROL_PLANE:
        restart(cluster, name)


@dataclass
class PlacementLost(Fault):
    """The StatefulSet was deleted, its pod with it."""

    previous: dict = field(default_factory=dict)

    def inject(self, cluster: TestCluster) -> None:
        self.previous = get(cluster, "statefulset", "dapr-placement-server")
        cluster.kubectl("delete", "statefulset", "dapr-placement-server", "-n", SYSTEM, "--cascade=foreground", "--timeout=300s")
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert get(cluster, "statefulset", "dapr-placement-server") is None, "the StatefulSet dapr-placement-server is back"
        pods = pods_of(cluster, "dapr-placement-server")
        assert not pods, f"still existing: {states(pods)}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, "dapr-placement-server-")}

    def clean_up(self, cluster: TestCluster) -> None:
        if self.previous:
            recreate(cluster, "statefulset", self.previous)


def recreate(cluster: TestCluster, kind: str, previous: dict) -> None:
    """Recreates an object as it was, if it does not exist."""
    meta = previous["metadata"]
    if get(cluster, kind, meta["name"], meta.get("namespace", SYSTEM)) is None:
        metadata = {name: meta[name] for name in ("name", "namespace", "labels", "annotations") if name in meta}
        new = {name: value for name, value in previous.items() if name != "status"}
        cluster.kubectl("create", "-f", "-", stdin=json.dumps({**new, "metadata": metadata}))


DRIFTS = (
    Drift("operator_config_error", ("dapr-operator", ABSENT_SECRET), long=True, deployment="dapr-operator",
          change=env_of_an_absent_secret, reason="CreateContainerConfigError"),
    Drift("sentry_crash_looping", ("dapr-sentry", REFUSED), long=True, deployment="dapr-sentry", change=unknown_option, reason="CrashLoopBackOff"),
)
LOST = (PlacementLost("placement_lost", ("StatefulSet dapr-placement-server",), long=True),)
