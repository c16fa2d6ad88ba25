# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.kinds import path_of


@pytest.mark.parametrize(
    "arguments, path",
    [
        (("Pod", "a"), "/api/v1/namespaces/a/pods"),
        (("Pod",), "/api/v1/pods"),
        (("Pod", "a", "b", "log"), "/api/v1/namespaces/a/pods/b/log"),
        (("Deployment", "a", "b"), "/apis/apps/v1/namespaces/a/deployments/b"),
        (("Node", "ignored", "n"), "/api/v1/nodes/n"),
    ],
)
def test_path_of(arguments, path):
    assert path_of(*arguments) == path
