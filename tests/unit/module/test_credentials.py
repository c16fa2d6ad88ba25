# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import credentials

KUBECONFIG = {
    "clusters": [{"name": "a", "cluster": {"server": "https://a", "certificate-authority-data": "public"}}],
    "users": [
        {"name": "t", "user": {"token": "s3cret-token"}},
        {"name": "k", "user": {"client-certificate-data": "public", "client-key-data": "s3cret-key"}},
        {"name": "o", "user": {"auth-provider": {"config": {"refresh-token": "s3cret-refresh", "client-id": "public"}}}},
    ],
}


def test_every_credential_of_a_mapping_is_found_and_nothing_else():
    assert credentials(KUBECONFIG) == {"s3cret-token", "s3cret-key", "s3cret-refresh"}


@pytest.mark.parametrize("kubeconfig", [None, "/home/me/.kube/config", {}])
def test_nothing_to_find(kubeconfig):
    assert credentials(kubeconfig) == set()
