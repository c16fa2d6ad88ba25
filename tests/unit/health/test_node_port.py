# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.node_port import node_port_url
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.observe import mismatches
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.options import HealthCheck

SERVICES = [
    {
        "metadata": {"name": "web"},
        "spec": {"ports": [{"name": "http", "port": 80, "nodePort": 30080}, {"name": "admin", "port": 81, "nodePort": 30081}]},
    },
    {"metadata": {"name": "inner"}, "spec": {"ports": [{"port": 5432}]}},
]


@pytest.mark.parametrize(
    "check, host, url",
    [
        (HealthCheck("a", "web"), "10.0.0.1", "http://10.0.0.1:30080/"),
        (HealthCheck("a", "web", "admin", "/health"), "10.0.0.1", "http://10.0.0.1:30081/health"),
        (HealthCheck("a", "web", 81), "fd00::1", "http://[fd00::1]:30081/"),
        (HealthCheck("a", "web", "81"), "10.0.0.1", "http://10.0.0.1:30081/"),
    ],
)
def test_url(check, host, url):
    assert node_port_url(check, SERVICES, host) == url


@pytest.mark.parametrize(
    "check, words",
    [
        (HealthCheck("a", "wbe"), "Service wbe does not exist"),
        (HealthCheck("a", "web", 82), "no port 82"),
        (HealthCheck("a", "inner"), "no NodePort"),
    ],
)
def test_impossible_url(check, words):
    with pytest.raises(RunbookError, match=words):
        node_port_url(check, SERVICES, "10.0.0.1")


def test_node_without_an_address():
    with pytest.raises(RunbookError, match="the address of a node is not known. Set runbook_address_host to it, or set via"):
        node_port_url(HealthCheck("a", "web"), SERVICES, "")


def test_additional_keys_are_no_mismatch():
    assert mismatches({"status": "healthy"}, {"status": "healthy", "since": 1}) == []


def test_mismatches_name_the_path():
    assert mismatches({"a": {"b": 1}}, {"a": {"b": 2}}) == ["a.b is 2, expected 1"]
    assert mismatches({"a": 1}, {}) == ["a is None, expected 1"]
    assert mismatches({"a": 1}, "text") == ["the response is 'text', expected {'a': 1}"]
