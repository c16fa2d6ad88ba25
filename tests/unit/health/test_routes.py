# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a check reaches its Service, and the URL at which users do."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app import schema
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.options import VIA, HealthCheck
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.routes import Route, route_of

NODE = "192.0.2.2"


def service(*entries: dict, port=3000) -> dict:
    status = {"loadBalancer": {"ingress": list(entries)}}
    return {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": port, "nodePort": 30300}, {"port": 81}]}, "status": status}


def ingress(host="shop.example.org", backend="web", tls=(), entries=(), **spec) -> dict:
    paths = [{"path": "/", "backend": {"service": {"name": backend, "port": {"number": 3000}}}}]
    rule = {"http": {"paths": paths}, **({"host": host} if host else {})}
    spec = {"rules": [rule], "tls": list(tls), **spec}
    return {"metadata": {"name": "front"}, "spec": spec, "status": {"loadBalancer": {"ingress": list(entries)}}}


def route(via: str, *services: dict, ingresses=(), **check) -> Route:
    return route_of(HealthCheck("address", "web", via=via, **check), list(services) or [service()], list(ingresses), NODE)


def test_the_description_has_the_same_ways():
    assert schema.VIA == VIA


def test_node_port():
    assert route("nodeport") == Route("http://192.0.2.2:30300/", "http://192.0.2.2:30300/")
    assert route("nodeport", url="https://shop.example.org/", path="/a") == Route("https://shop.example.org/a", "http://192.0.2.2:30300/a")


def test_forward():
    assert route("forward", path="/a?b=c") == Route("http://localhost:3000/a?b=c", port=3000)
    assert route("forward", port=81) == Route("http://localhost:81/", port=81)
    assert route("forward", url="https://shop.example.org") == Route("https://shop.example.org/", port=3000)


@pytest.mark.parametrize(("entry", "port", "url"), [
    ({"ip": "192.0.2.9"}, 3000, "http://192.0.2.9:3000/"), ({"hostname": "lb.example.org"}, 80, "http://lb.example.org/"),
    ({"ip": "2001:db8::9"}, 80, "http://[2001:db8::9]/"),
])  # fmt: skip
def test_load_balancer(entry, port, url):
    assert route("loadbalancer", service(entry, port=port)) == Route(url)


@pytest.mark.parametrize(("made", "url"), [
    ([ingress(backend="other"), ingress()], "http://shop.example.org/"), ([ingress(tls=[{"hosts": ["shop.example.org"]}])], "https://shop.example.org/"),
    ([ingress(tls=[{"hosts": ["other.example.org"]}])], "http://shop.example.org/"), ([ingress(tls=[{}])], "https://shop.example.org/"),
    ([ingress("", entries=[{"ip": "192.0.2.8"}])], "http://192.0.2.8/"),
    ([ingress(backend="other", entries=[{"ip": "192.0.2.8"}], defaultBackend={"service": {"name": "web"}})], "http://192.0.2.8/"),
])  # fmt: skip
def test_ingress(made, url):
    assert route("ingress", ingresses=made) == Route(url)


@pytest.mark.parametrize(("arguments", "words"), [
    ({"via": "loadbalancer"}, "address: Service web has no address of a load balancer. .* minikube tunnel"),
    ({"via": "ingress"}, "address: no Ingress leads to Service web"),
    ({"via": "ingress", "ingresses": [ingress("")]}, "Ingress front has neither a host nor an address"),
    ({"via": "forward", "port": 82}, "Service web has no port 82"),
])  # fmt: skip
def test_impossible_route(arguments, words):
    with pytest.raises(RunbookError, match=words):
        route(**arguments)


def test_unknown_service_is_refused_whatever_the_way():
    with pytest.raises(RunbookError, match="Service wbe does not exist"):
        route_of(HealthCheck("address", "wbe", via="forward"), [service()], [], NODE)
