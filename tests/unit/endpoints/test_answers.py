# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which ports are asked, from where, and what counts as an answer."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.service_proxy import NotReached
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints import answers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.options import EndpointsOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.endpoints.problems import status_of
from endpoint_objects import endpoint_slice, observed, service, web_pod

REFUSED = "dial tcp 10.244.0.5:8080: connect: connection refused"
GARBLED = 'net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x15"'


@pytest.fixture
def asked(monkeypatch):
    """The requests through the API server; set ``asked.failure`` for one that fails."""

    class Asked(list):
        failure = ""

    made = Asked()

    def get_service(_cluster, _namespace, name, port, **options):
        made.append((name, port, options["scheme"]))
        if made.failure:
            raise NotReached(made.failure)
        return 200, b""

    monkeypatch.setattr(answers, "get_service", get_service)
    return made


def ask(port: dict, container: dict | None = None, node_address="", **spec) -> list:
    made = service(ports=[port], **spec)
    pods = [web_pod(**(container or {}))]
    number = port["targetPort"] if isinstance(port["targetPort"], int) else 8080
    status = status_of(made, observed(made, pods=pods, slices=[endpoint_slice(ports=[{"name": port.get("name", ""), "port": number}])]))
    found = answers.ask(None, [status], {"web": pods}, EndpointsOptions("default", node_address=node_address, timeout=2))
    return [(one.where, one.answers, one.status) for one in found["web"].get(port["port"], ())]


@pytest.mark.parametrize(("port", "container", "scheme"), [
    ({"name": "http"}, {}, "http"), ({"name": "https-web"}, {}, "https"), ({"appProtocol": "http"}, {}, "http"), ({"targetPort": "http"}, {}, "http"),
    ({}, {"readinessProbe": {"httpGet": {"port": 8080}}}, "http"), ({}, {"livenessProbe": {"httpGet": {"port": 8080, "scheme": "HTTPS"}}}, "https"),
    ({}, {"ports": [{"containerPort": 9090}]}, "http"),  # which no container declares
])  # fmt: skip
def test_ports_that_are_asked_from_inside(asked, port, container, scheme):
    assert ask({"port": 80, "targetPort": 8080, **port}, container) == [("cluster", True, 200)]
    assert asked == [("web", 80, scheme)]


@pytest.mark.parametrize(("port", "container"), [
    ({"name": "postgres"}, {}), ({}, {"ports": []}), ({"name": "http", "protocol": "UDP"}, {}),
])  # fmt: skip
def test_ports_that_are_sent_nothing(asked, port, container):
    assert ask({"port": 80, "targetPort": 8080, **port}, container) == [] and asked == []


def test_addresses_without_pods_are_not_asked(asked):
    assert ask({"port": 443, "targetPort": 8443, "name": "https"}, selector=None) == [] and asked == []


@pytest.mark.parametrize(("failure", "name", "expected"), [
    (REFUSED, "http", False), (GARBLED, "http", False),
    (REFUSED, "", False), ("dial tcp 10.244.0.5:8080: i/o timeout", "", False), ("no response within 2 s", "", False), (GARBLED, "", True),
])  # fmt: skip
def test_a_port_of_another_protocol_counts_as_open(asked, failure, name, expected):
    asked.failure = failure
    assert ask({"port": 80, "targetPort": 8080, "name": name}, {"ports": [{"containerPort": 9090}]}) == [("cluster", expected, None)]


def test_node_port_is_connected_to_and_sent_nothing(asked):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        node_port = listener.getsockname()[1]
        port = {"port": 80, "targetPort": 8080, "nodePort": node_port}
        assert ask(port, node_address="127.0.0.1", type="NodePort") == [("node_port", True, None)]
        listener.settimeout(5)
        connection, _peer = listener.accept()
        with connection:
            assert connection.recv(10) == b""
    assert ask(port, node_address="127.0.0.1", type="NodePort") == [("node_port", False, None)]
    assert ask(port, type="NodePort") == []
