# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the API server would do with a new pod that is annotated for Dapr. None is created."""

from __future__ import annotations

import json

from dapr_faults import trust_bundle
from dapr_faults.cluster_state import anchors, sidecar_of
from dapr_faults.workloads import NAMESPACE, annotations, apply, image
from harness import TestCluster


def dry_run_pod(cluster: TestCluster) -> dict:
    """The pod as the API server would store it."""
    apply(cluster)
    container = {"name": "app", "image": image(cluster)}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "dry-run", "annotations": annotations("dry-run")}, "spec": {"containers": [container]}}
    return json.loads(cluster.kubectl("create", "-n", NAMESPACE, "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(pod)))


def injects(cluster: TestCluster) -> bool:
    """Whether it would get a sidecar."""
    return sidecar_of(dry_run_pod(cluster)) is not None


def require_injection(cluster: TestCluster) -> None:
    """Asserts that it would get a sidecar with the current root certificate."""
    pod = dry_run_pod(cluster)
    assert sidecar_of(pod), "a new pod would get no sidecar"
    assert anchors(pod).strip() == trust_bundle.read(cluster)[trust_bundle.ROOT].strip(), "a new pod's sidecar would get another root certificate"
