# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module whose run of Ansible is killed while it waits: it writes nothing more, in the process of its task and in one of its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from orphans import Orphans, wait_for

from roles import Roles

pytestmark = pytest.mark.phase("beside", "orphans")
RESTART = "tests/cluster/playbooks/restart.yml"
SERVED = "runbook.minikube/served"  # what rollout writes last, once the new pods serve


@pytest.fixture
def namespace(cluster, busybox_image) -> Iterator[str]:
    """A namespace with a Deployment whose pods take a while until they are ready."""
    name = f"orphans-{uuid.uuid4().hex[:8]}"
    probe = {"exec": {"command": ["true"]}, "initialDelaySeconds": 10}
    container = {"name": "main", "image": busybox_image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "3600"], "readinessProbe": probe}
    template = {"metadata": {"labels": {"app": "slow"}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}
    spec = {"selector": {"matchLabels": {"app": "slow"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "slow", "namespace": name}, "spec": spec}
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(deployment))
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.no_rerun
@pytest.mark.parametrize("environment", [{}, {"A_REASON": "to start a process"}], ids=["in the task's process", "in its own process"])
def test_an_orphan_writes_nothing(cluster, namespace, environment):
    def deployment() -> dict:
        return json.loads(cluster.kubectl("get", "deployment", "slow", "-n", namespace, "-o", "json"))

    variables = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.profile, "namespace": namespace, "environment": environment}
    variables = {f"restart_{name}": value for name, value in variables.items()}
    run = Roles().start(RESTART, **variables)
    wait_for(lambda: deployment()["metadata"]["generation"] == 2 or run.poll() is not None, "the restart has begun")
    Orphans(run).release()
    cluster.kubectl("rollout", "status", "deployment/slow", "-n", namespace, "--timeout=300s")
    assert SERVED not in deployment()["metadata"]["annotations"]
    Roles().run(RESTART, **variables).ok()
    assert SERVED in deployment()["metadata"]["annotations"]
