# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.health.addresses import differences, url_of

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
        ({"service": "web"}, "10.0.0.1", "http://10.0.0.1:30080/"),
        ({"service": "web", "path": "/health", "port": "admin"}, "10.0.0.1", "http://10.0.0.1:30081/health"),
        ({"service": "web", "port": 81}, "fd00::1", "http://[fd00::1]:30081/"),
    ],
)
def test_url(check, host, url):
    assert url_of(check, SERVICES, host) == url


@pytest.mark.parametrize(
    "check, words",
    [
        ({"service": "wbe"}, "no Service wbe"),
        ({"service": "web", "port": 82}, "no port 82"),
        ({"service": "inner"}, "no NodePort"),
    ],
)
def test_url_that_can_not_be(check, words):
    with pytest.raises(RunbookError, match=words):
        url_of(check, SERVICES, "10.0.0.1")


def test_differences_ignore_what_was_not_expected():
    assert differences({"status": "healthy"}, {"status": "healthy", "since": 1}) == []


def test_differences_name_the_path():
    assert differences({"a": {"b": 1}}, {"a": {"b": 2}}) == ["a.b is 2, not 1"]
    assert differences({"a": 1}, {}) == ["a is None, not 1"]
    assert differences({"a": 1}, "text") == ["the answer is 'text', not {'a': 1}"]
