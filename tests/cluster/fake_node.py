# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated node beside the real one (kwok): its pods cost nothing, so that many workloads can roll at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from artifact_cache import go_program
from harness import CHECKOUT, OUTPUT, TestCluster

FILES = CHECKOUT / "tests/cluster/kwok"
NAME = "simulated"  # sorts after the real node's, so that the first node of a list stays the real one
LABELS = {"runbook-test/node": NAME}
TAINT = {"key": "runbook-test/node", "value": NAME, "effect": "NoSchedule"}
ON_IT = {"nodeSelector": LABELS, "tolerations": [{"key": TAINT["key"], "operator": "Exists"}]}  # in a pod's spec
NODE = {
    "apiVersion": "v1", "kind": "Node",
    "metadata": {"name": NAME, "labels": LABELS, "annotations": {"node.alpha.kubernetes.io/ttl": "0"}},
    "spec": {"taints": [TAINT]},
}


@contextmanager
def simulated_node(cluster: TestCluster) -> Iterator[None]:
    """The node, ready for pods; what else is on it has to be removed before it goes."""
    program = go_program(FILES, "kwok", "sigs.k8s.io/kwok/cmd/kwok")
    with open_log() as log:
        kwok = subprocess.Popen(
            [program, "--kubeconfig", cluster.kubeconfig, "--manage-single-node", NAME, "--node-lease-duration-seconds", "40",
             "--config", FILES / "stages.manifest"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
    try:
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps(NODE))
        cluster.kubectl("wait", f"node/{NAME}", "--for=condition=Ready", "--timeout=300s")
        yield
    finally:
        cluster.kubectl("delete", "node", NAME, "--ignore-not-found")
        kwok.terminate()
        kwok.wait()


def open_log():
    """The file that kwok writes its log to."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    return (OUTPUT / "kwok.log").open("w", encoding="utf-8")
