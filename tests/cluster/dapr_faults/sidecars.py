# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sidecars that are there and don't serve."""

from __future__ import annotations

from dataclasses import dataclass

from dapr_faults.fault import Fault
from dapr_faults.looks import eventually, is_ready, only, pods_of, states, status_of, waiting
from dapr_faults.node import container_id, frozen, signal
from dapr_faults.workloads import NAMESPACE, PORT, SERVES, apply, ready_pods, remove, workload
from harness import TestCluster

REFUSED_TYPE, TYPE = "pubsub.no-such-broker", "pubsub.in-memory"
COMPONENT = "broker"


def restarts(pod: dict) -> int:
    return status_of(pod, "daprd")["restartCount"]


@dataclass
class DaprdStuck(Fault):
    """The process of one sidecar stands still: it accepts connections and answers none. The other replica serves."""

    app: str = "stuck-sidecar"
    stuck: str = ""
    identifier: str = ""
    former: int = 0

    def make(self, cluster: TestCluster) -> None:
        apply(cluster, workload(cluster, self.app, replicas=2))
        pod = ready_pods(cluster, self.app, 2)[0]
        self.stuck, self.identifier, self.former = pod["metadata"]["name"], container_id(pod, "daprd"), restarts(pod)
        signal(cluster, self.identifier, "STOP")
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        pods = {pod["metadata"]["name"]: pod for pod in pods_of(cluster, self.app, NAMESPACE)}
        pod = pods.pop(self.stuck, None)
        assert pod and not is_ready(pod) and not status_of(pod, "daprd")["ready"], f"not stuck: {states([pod] if pod else [])}"
        assert status_of(pod, "app")["ready"] and restarts(pod) == self.former, f"not the sidecar alone: {states([pod])}"
        assert frozen(cluster, self.identifier), "its process goes on"
        assert is_ready(only(list(pods.values()))), f"the other one doesn't serve: {states(list(pods.values()))}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(NAMESPACE, self.stuck)}

    def clean(self, cluster: TestCluster) -> None:
        remove(cluster, self.app)


def component(kind: str, app: str) -> dict:
    """A Component of that type, for one application only."""
    spec = {"type": kind, "version": "v1", "metadata": []}
    return {"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": COMPONENT}, "spec": spec, "scopes": [app]}


@dataclass
class ComponentRefused(Fault):
    """A Component of a type that there isn't: the sidecar ends at each start. Only a person knows which type was meant."""

    by_person = True
    app: str = "refuses-component"

    def make(self, cluster: TestCluster) -> None:
        apply(cluster, component(REFUSED_TYPE, self.app))
        apply(cluster, workload(cluster, self.app))
        eventually(lambda: self._crashes(cluster))

    def persists(self, cluster: TestCluster) -> None:
        eventually(lambda: self._crashes(cluster))

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def cure(self, cluster: TestCluster) -> None:
        apply(cluster, component(TYPE, self.app))
        # It would wait for its next attempt, for minutes in the end
        cluster.kubectl("delete", "pod", "-l", f"app={self.app}", "-n", NAMESPACE)
        ready_pods(cluster, self.app)

    def clean(self, cluster: TestCluster) -> None:
        remove(cluster, self.app)
        cluster.kubectl("delete", "component.dapr.io", COMPONENT, "-n", NAMESPACE, "--ignore-not-found")

    def _crashes(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, self.app, NAMESPACE))
        assert waiting(pod, "daprd") == "CrashLoopBackOff", f"not CrashLoopBackOff: {states([pod])}"
        told = cluster.kubectl("logs", pod["metadata"]["name"], "-n", NAMESPACE, "-c", "daprd", "--previous", "--tail=20", check=False)
        assert REFUSED_TYPE in told, f"the log of daprd does not name the type: {told}"


@dataclass
class AppNotListening(Fault):
    """The application doesn't listen on its app-port, so its sidecar waits for it: nothing is wrong with Dapr."""

    by_person = True
    app: str = "not-listening"

    def make(self, cluster: TestCluster) -> None:
        apply(cluster, workload(cluster, self.app, script="exec sleep 86400"))
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, self.app, NAMESPACE))
        both = status_of(pod, "app"), status_of(pod, "daprd")
        runs = all("running" in status.get("state", {}) for status in both)
        assert runs and both[0]["ready"] and not both[1]["ready"], f"not 1/2: {states([pod])}"
        told = cluster.kubectl("logs", pod["metadata"]["name"], "-n", NAMESPACE, "-c", "daprd", "--tail=100", check=False)
        assert f"waiting on port {PORT}" in told, f"daprd does not wait for the application: {told}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def cure(self, cluster: TestCluster) -> None:
        apply(cluster, workload(cluster, self.app, script=SERVES))
        ready_pods(cluster, self.app)

    def clean(self, cluster: TestCluster) -> None:
        remove(cluster, self.app)


SIDECARS = (
    DaprdStuck("daprd_stuck", ("stuck-sidecar", "daprd"), long=True, pause=60),
    ComponentRefused("component_refused", ("refuses-component", COMPONENT), long=True),
    AppNotListening("app_not_listening", ("not-listening", f"{PORT}"), long=True, pause=60),
)
