# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sidecars that exist but do not work."""

from __future__ import annotations

from dataclasses import dataclass

from dapr_faults.cluster_state import eventually, is_ready, only, pods_of, states, status_of, waiting
from dapr_faults.fault import Fault
from dapr_faults.node import container_id, frozen, signal
from dapr_faults.workloads import HTTPD, NAMESPACE, PORT, apply, ready_pods, remove, workload
from harness import TestCluster

REFUSED_TYPE, TYPE = "pubsub.no-such-broker", "pubsub.in-memory"
COMPONENT = "broker"


def restarts(pod: dict) -> int:
    return status_of(pod, "daprd")["restartCount"]


@dataclass
class DaprdStuck(Fault):
    """The process of one sidecar is stopped: it accepts connections and answers none. The other replica works."""

    app: str = "stuck-sidecar"
    stuck: str = ""
    identifier: str = ""
    previous: int = 0

    def inject(self, cluster: TestCluster) -> None:
        apply(cluster, workload(cluster, self.app, replicas=2))
        pod = ready_pods(cluster, self.app, 2)[0]
        self.stuck, self.identifier, self.previous = pod["metadata"]["name"], container_id(pod, "daprd"), restarts(pod)
        signal(cluster, self.identifier, "STOP")
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        pods = {pod["metadata"]["name"]: pod for pod in pods_of(cluster, self.app, NAMESPACE)}
        pod = pods.pop(self.stuck, None)
        assert pod and not is_ready(pod) and not status_of(pod, "daprd")["ready"], f"not stuck: {states([pod] if pod else [])}"
        assert status_of(pod, "app")["ready"] and restarts(pod) == self.previous, f"not the sidecar alone: {states([pod])}"
        assert frozen(cluster, self.identifier), "its process is running"
        assert is_ready(only(list(pods.values()))), f"the other one is not ready: {states(list(pods.values()))}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(NAMESPACE, self.stuck)}

    def clean_up(self, cluster: TestCluster) -> None:
        remove(cluster, self.app)


def component(kind: str, app: str) -> dict:
    """A Component of that type, for one application only."""
    spec = {"type": kind, "version": "v1", "metadata": []}
    return {"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": COMPONENT}, "spec": spec, "scopes": [app]}


@dataclass
class ComponentRefused(Fault):
    """A Component of a type that does not exist: the sidecar exits at each start. Only its author knows which type was meant."""

    manual = True
    app: str = "refuses-component"

    def inject(self, cluster: TestCluster) -> None:
        apply(cluster, component(REFUSED_TYPE, self.app))
        apply(cluster, workload(cluster, self.app))
        eventually(lambda: self._require_crash_loop(cluster))

    def persists(self, cluster: TestCluster) -> None:
        eventually(lambda: self._require_crash_loop(cluster))

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def fix(self, cluster: TestCluster) -> None:
        apply(cluster, component(TYPE, self.app))
        # It would wait for its next attempt, for minutes in the end
        cluster.kubectl("delete", "pod", "-l", f"app={self.app}", "-n", NAMESPACE)
        ready_pods(cluster, self.app)

    def clean_up(self, cluster: TestCluster) -> None:
        remove(cluster, self.app)
        cluster.kubectl("delete", "component.dapr.io", COMPONENT, "-n", NAMESPACE, "--ignore-not-found")

    def _require_crash_loop(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, self.app, NAMESPACE))
        assert waiting(pod, "daprd") == "CrashLoopBackOff", f"not CrashLoopBackOff: {states([pod])}"
        log = cluster.kubectl("logs", pod["metadata"]["name"], "-n", NAMESPACE, "-c", "daprd", "--previous", "--tail=20", check=False)
        assert REFUSED_TYPE in log, f"the log of daprd does not name the type: {log}"


@dataclass
class AppNotListening(Fault):
    """The application does not listen on its app-port, so its sidecar waits for it: nothing is wrong with Dapr."""

    manual = True
    app: str = "not-listening"

    def inject(self, cluster: TestCluster) -> None:
        apply(cluster, workload(cluster, self.app, script="exec sleep 86400"))
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, self.app, NAMESPACE))
        both = status_of(pod, "app"), status_of(pod, "daprd")
        runs = all("running" in status.get("state", {}) for status in both)
        assert runs and both[0]["ready"] and not both[1]["ready"], f"not 1/2: {states([pod])}"
        log = cluster.kubectl("logs", pod["metadata"]["name"], "-n", NAMESPACE, "-c", "daprd", "--tail=100", check=False)
        assert f"waiting on port {PORT}" in log, f"daprd does not wait for the application: {log}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def fix(self, cluster: TestCluster) -> None:
        apply(cluster, workload(cluster, self.app, script=HTTPD))
        ready_pods(cluster, self.app)

    def clean_up(self, cluster: TestCluster) -> None:
        remove(cluster, self.app)


@dataclass
class Crashing(Fault):
    """Annotations with which no daprd can start: a new pod would not help, so none is created, in no run."""

    manual = True
    app: str = "crashing"
    annotations: tuple[tuple[str, str], ...] = (("dapr.io/config", "no-such-configuration"),)
    reason: str = "Error"

    def inject(self, cluster: TestCluster) -> None:
        self._apply(cluster, dict(self.annotations))
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, self.app, NAMESPACE))
        status = status_of(pod, "daprd")
        ended = status.get("lastState", {}).get("terminated") or status.get("state", {}).get("terminated") or {}
        assert restarts(pod) and ended.get("reason") == self.reason, f"not {self.reason}: {states([pod])}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def fix(self, cluster: TestCluster) -> None:
        self._apply(cluster, {})
        cluster.kubectl("delete", "pod", "-l", f"app={self.app}", "-n", NAMESPACE)
        ready_pods(cluster, self.app)

    def clean_up(self, cluster: TestCluster) -> None:
        remove(cluster, self.app)

    def _apply(self, cluster: TestCluster, annotations: dict[str, str]) -> None:
        changed = workload(cluster, self.app)
        changed["spec"]["template"]["metadata"]["annotations"].update(annotations)
        apply(cluster, changed)


SIDECARS = (
    DaprdStuck("daprd_stuck", ("stuck-sidecar", "daprd"), long=True, pause=60),
    ComponentRefused("component_refused", ("refuses-component", COMPONENT), long=True),
    Crashing("configuration_missing", ("crashing", "Configuration no-such-configuration"), long=True),
    Crashing("out_of_memory", ("crashing", "memory limit (8Mi)"), long=True, reason="OOMKilled",
             annotations=(("dapr.io/sidecar-memory-limit", "8Mi"), ("dapr.io/sidecar-memory-request", "4Mi"))),
    AppNotListening("app_not_listening", ("not-listening", f"{PORT}"), long=True, pause=60),
)
