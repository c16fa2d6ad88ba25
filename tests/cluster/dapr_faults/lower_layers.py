# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Failures below Dapr, for which nothing of Dapr may be restarted."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dapr_faults.cluster_state import SYSTEM, eventually, is_ready, only, pods_of, sidecar_of, states
from dapr_faults.control_plane import scale
from dapr_faults.fault import Fault
from dapr_faults.injection import INJECTOR
from dapr_faults.workloads import NAMESPACE, apply, ready_pods, remove, workload
from harness import TestCluster


@dataclass
class DnsDown(Fault):
    """No server of the cluster's DNS runs, and the operator was restarted since: it finds no Sentry."""

    manual = True

    def inject(self, cluster: TestCluster) -> None:
        self._scale(cluster, 0)
        cluster.kubectl("delete", "pod", "-l", "app=dapr-operator", "-n", SYSTEM, "--wait=false")
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert not cluster.objects("pods", "kube-system", "-l", "k8s-app=kube-dns"), "a DNS server runs"
        pod = only(pods_of(cluster, "dapr-operator"))
        assert not is_ready(pod), f"it is ready: {states([pod])}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def fix(self, cluster: TestCluster) -> None:
        self._scale(cluster, 1)
        # It would wait for its next attempt
        cluster.kubectl("delete", "pod", "-l", "app=dapr-operator", "-n", SYSTEM)

    def clean_up(self, cluster: TestCluster) -> None:
        if not cluster.objects("pods", "kube-system", "-l", "k8s-app=kube-dns"):
            self.fix(cluster)

    def _scale(self, cluster: TestCluster, replicas: int) -> None:
        cluster.kubectl("scale", "deployment/coredns", "-n", "kube-system", f"--replicas={replicas}")
        cluster.kubectl("rollout", "status", "deployment/coredns", "-n", "kube-system", "--timeout=300s")
        eventually(lambda: self._require(cluster, replicas))

    def _require(self, cluster: TestCluster, replicas: int) -> None:
        pods = cluster.objects("pods", "kube-system", "-l", "k8s-app=kube-dns")
        assert len(pods) == replicas and all(map(is_ready, pods)), states(pods)


@dataclass
class NodeCordoned(Fault):
    """The only node is cordoned, and a pod that serves has no sidecar: its successor could not be scheduled."""

    manual = True
    app: str = "on-cordoned-node"

    def inject(self, cluster: TestCluster) -> None:
        scale(cluster, INJECTOR, 0)
        apply(cluster, workload(cluster, self.app, "StatefulSet"))
        ready_pods(cluster, self.app)
        scale(cluster, INJECTOR, 1)
        cluster.kubectl("cordon", self._node(cluster))
        self.persists(cluster)

    def persists(self, cluster: TestCluster) -> None:
        assert not sidecar_of(ready_pods(cluster, self.app)[0]), "it has a sidecar"
        assert json.loads(cluster.kubectl("get", "node", self._node(cluster), "-o", "json"))["spec"].get("unschedulable"), "the node takes pods"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def fix(self, cluster: TestCluster) -> None:
        cluster.kubectl("uncordon", self._node(cluster))
        cluster.kubectl("delete", "pod", "-l", f"app={self.app}", "-n", NAMESPACE)
        eventually(lambda: self._require_sidecar(cluster))

    def clean_up(self, cluster: TestCluster) -> None:
        cluster.kubectl("uncordon", self._node(cluster))
        remove(cluster, self.app)

    def _require_sidecar(self, cluster: TestCluster) -> None:
        assert sidecar_of(ready_pods(cluster, self.app)[0]), "it has no sidecar"

    def _node(self, cluster: TestCluster) -> str:
        return json.loads(cluster.kubectl("get", "nodes", "-o", "json"))["items"][0]["metadata"]["name"]


LOWER_LAYERS = (
    DnsDown("dns_down", ("kube-dns", "no DNS server of the cluster is ready"), long=True),
    NodeCordoned("node_cordoned", ("on-cordoned-node", "kubectl uncordon"), long=True),
)
