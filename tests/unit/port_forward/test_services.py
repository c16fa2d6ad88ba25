# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which port of which Service a forward leads to, and which pods are behind it."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.services import forwards_of, port_name, ready_pods, requests_of
from port_forward_data import entry, options, service

HTTP, METRICS, DNS = {"name": "http", "port": 80}, {"name": "metrics", "port": 9090}, {"name": "dns", "port": 53, "protocol": "UDP"}
WEB = service("web", DNS, HTTP, METRICS)
OTHER = service("other", {"port": 80})
OUTSIDE = service("outside", HTTP, type="ExternalName")
BY_HAND = {"metadata": {"name": "by-hand"}, "spec": {"ports": [HTTP]}}
SERVICES = [WEB, OTHER, OUTSIDE, BY_HAND]


def made(*requests, selected=(), **changes):
    return [(one.service, one.port, one.local_port) for one in forwards_of(options(forwards=list(requests), **changes), SERVICES, list(selected))]


@pytest.mark.parametrize(("request_", "expected"), [
    (entry("web"), ("web", 80, 80)), (entry("web", port="metrics"), ("web", 9090, 9090)), (entry("web", port=9090), ("web", 9090, 9090)),
    (entry("web", port="80", local_port=8080), ("web", 80, 8080)), (entry("web", local_port=0), ("web", 80, 0)),
])  # fmt: skip
def test_the_port_is_the_named_one_or_the_first_that_is_tcp(request_, expected):
    assert made(request_) == [expected]


@pytest.mark.parametrize(("requests", "words"), [
    ([entry("wep")], "forwards[0].service: there is no Service wep in namespace default. Its Services: by-hand, other, outside, web."),
    ([entry("web"), entry("web", port=81)], "forwards[1].port: Service web has no TCP port 81. It has 80 (http), 9090 (metrics)."),
    ([entry("web", port="dns")], "has no TCP port dns"),
    ([entry("outside")], "forwards[0].service: Service outside has no selector, or is an ExternalName"),
    ([entry("by-hand")], "forwards[0].service: Service by-hand has no selector"),
    ([entry("web"), entry("other")], "default/web:80 and default/other:80 both need the local port 80. Set local_port of one of them, or 0"),
])  # fmt: skip
def test_what_can_not_be_forwarded_is_named(requests, words):
    with pytest.raises(RunbookError) as refused:
        made(*requests)
    assert words in str(refused.value)


def test_free_local_ports_do_not_collide():
    assert made(entry("web", local_port=0), entry("other", local_port=0)) == [("web", 80, 0), ("other", 80, 0)]


def test_selected_services_are_added_except_named_ones_and_those_without_pods():
    assert made(entry("web", local_port=8080), selected=SERVICES, label_selector="a=b") == [("web", 80, 8080), ("other", 80, 80)]
    with pytest.raises(RunbookError, match="label_selector: a=b selects no Service with pods"):
        made(selected=[OUTSIDE], label_selector="a=b")


def endpoint(pod: str | None, **conditions) -> dict:
    return {"conditions": conditions, **({"targetRef": {"kind": "Pod", "name": pod}} if pod else {})}


def test_ready_pods_of_all_slices_with_the_port_of_that_name():
    slices = [
        {"ports": [{"name": "http", "port": 8080}, {"name": "metrics", "port": 9090}], "endpoints": [endpoint("a", ready=True), endpoint("b", ready=False)]},
        {"ports": [{"name": "http", "port": 8081}], "endpoints": [endpoint("c"), endpoint(None, ready=True)]},
        {"ports": [{"name": "http", "port": 8080}], "endpoints": [endpoint("a", ready=True)]},
        {"ports": None, "endpoints": None},
    ]
    assert ready_pods(slices, "http") == [("a", 8080), ("c", 8081)]
    assert ready_pods(slices, "metrics") == [("a", 9090)]


def test_a_single_port_may_have_no_name():
    assert port_name(OTHER, 80) == "" and port_name(WEB, 9090) == "metrics"
    assert ready_pods([{"ports": [{"port": 8080}], "endpoints": [endpoint("a")]}], "") == [("a", 8080)]
    with pytest.raises(RunbookError, match="Service other has no TCP port 81"):
        port_name(OTHER, 81)


def test_an_application_is_forwarded_to_by_the_services_of_its_checks_each_once():
    checks = [
        {"name": "address", "service": "frontend", "path": "/"}, {"name": "api", "service": "backend-api", "path": "/health", "status": 200, "json": {"a": 1}},
        {"name": "page", "service": "frontend", "path": "/api/health", "status": 200}, {"name": "m", "service": "frontend", "port": "metrics", "path": "/m"},
    ]  # fmt: skip
    assert requests_of(checks) == [
        {"service": "frontend", "path": "/api/health", "status": 200}, {"service": "backend-api", "path": "/health", "status": 200},
        {"service": "frontend", "port": "metrics", "path": "/m"},
    ]  # fmt: skip
