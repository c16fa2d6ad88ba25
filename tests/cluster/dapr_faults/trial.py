# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pod would become that asked for Dapr now. None is made."""

from __future__ import annotations

import json

from dapr_faults import trust
from dapr_faults.looks import anchors, sidecar_of
from dapr_faults.workloads import NAMESPACE, annotations, apply, image
from harness import TestCluster


def asked(cluster: TestCluster) -> dict:
    """The pod as the API server would store it."""
    apply(cluster)
    container = {"name": "app", "image": image(cluster)}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asked", "annotations": annotations("asked")}, "spec": {"containers": [container]}}
    return json.loads(cluster.kubectl("create", "-n", NAMESPACE, "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(pod)))


def injects(cluster: TestCluster) -> bool:
    """Whether it would get a sidecar."""
    return sidecar_of(asked(cluster)) is not None


def injection_serves(cluster: TestCluster) -> None:
    """Asserts that it would get a sidecar with the present root certificate."""
    pod = asked(cluster)
    assert sidecar_of(pod), "a new pod would get no sidecar"
    assert anchors(pod).strip() == trust.read(cluster)[trust.ROOT].strip(), "a new pod's sidecar would get another root certificate"
