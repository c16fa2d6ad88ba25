# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.plan import reads_secret

SPECS = {
    "env": {"containers": [{"name": "a", "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "k"}}}]}]},
    "envFrom": {"containers": [{"name": "a", "envFrom": [{"secretRef": {"name": "mine"}}]}]},
    "init": {"containers": [], "initContainers": [{"name": "a", "envFrom": [{"secretRef": {"name": "mine"}}]}]},
    "volume": {"containers": [], "volumes": [{"name": "v", "secret": {"secretName": "mine"}}]},
    "projected": {"containers": [], "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "mine"}}]}}]},
}
OTHERS = {
    "a ConfigMap of that name": {"containers": [{"name": "a", "envFrom": [{"configMapRef": {"name": "mine"}}]}]},
    "a container of that name": {"containers": [{"name": "mine", "env": [{"name": "secret", "value": "mine"}]}]},
    "a pull secret, read by the node alone": {"containers": [], "imagePullSecrets": [{"name": "mine"}]},
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_readers(spec):
    assert reads_secret({"spec": spec}, ["other", "mine"]) and not reads_secret({"spec": spec}, ["other"])


@pytest.mark.parametrize("spec", OTHERS.values(), ids=OTHERS)
def test_others(spec):
    assert not reads_secret({"spec": spec}, ["mine"])
