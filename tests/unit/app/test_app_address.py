# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The address of an application: its checks, and whether Better Auth accepts a sign-in there."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.actions import deploy_summary
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.address import address_problems, health_checks, origin_problems

NODE = "192.0.2.2"


def app(**changes) -> dict:
    """A complete description."""
    address = {"service": "web", "port": None, "path": "/", "via": "nodeport", "url": "", "forward": False, **changes}
    health = [{"name": "web", "service": "web", "via": None}, {"name": "api", "service": "api", "via": "nodeport"}]
    return {"address": address, "health": health, "auth": {"secret": "s"}, "workloads": [{"kind": "Deployment", "name": "web", "signs": True}]}


def objects(env: list[dict], **ingress) -> list[dict]:
    """The manifests of the auth server."""
    made = [
        {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [{"name": "web", "env": env}]}}}},
        {"kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 3000, "nodePort": 30300}, {"port": 80}]}},
        {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"url": "http://192.0.2.2:30300"}},
    ]  # fmt: skip
    return [*made, {"kind": "Ingress", "metadata": {"name": "front"}, "spec": ingress}] if ingress else made


def variables(**values: str) -> list[dict]:
    return [{"name": name, "value": value} for name, value in values.items()]


OWN = variables(BETTER_AUTH_URL="http://192.0.2.2:30300/")
RULE = {"host": "shop.example.org", "http": {"paths": [{"backend": {"service": {"name": "web"}}}]}}


@pytest.mark.parametrize(("via", "expected"), [("nodeport", "nodeport"), ("forward", "forward"), ("ingress", "forward"), ("loadbalancer", "forward")])
def test_checks_without_a_way_follow_the_address(via, expected):
    first, *others = health_checks(app(via=via))
    assert first == {"name": "address", "service": "web", "port": None, "path": "/", "via": via, "url": ""}
    assert [check["via"] for check in others] == [expected, "nodeport"]


def test_checks_without_an_address_use_node_ports():
    assert [check["via"] for check in health_checks({**app(), "address": None})] == ["nodeport", "nodeport"]


def test_a_forward_needs_an_address_that_is_forwarded():
    assert list(address_problems(app(forward=True), "runbook_app")) == [
        ("runbook_app.address.forward", "starts a forward only with via: forward, got via: nodeport")
    ]
    assert not list(address_problems(app(forward=True, via="forward"), "runbook_app")) and not list(address_problems({"address": None}, "runbook_app"))


@pytest.mark.parametrize(("address", "env", "ingress"), [
    ({}, OWN, {}), ({"url": "http://192.0.2.2:30300"}, OWN, {}), ({"via": "forward"}, variables(BETTER_AUTH_URL="http://localhost:3000"), {}),
    ({"via": "forward", "port": 80}, variables(BETTER_AUTH_URL="http://localhost"), {}),
    ({"via": "ingress"}, variables(BETTER_AUTH_URL="https://shop.example.org:443"), {"rules": [RULE], "tls": [{"hosts": ["shop.example.org"]}]}),
    ({"via": "forward"}, [*OWN, *variables(BETTER_AUTH_TRUSTED_ORIGINS="http://a, http://localhost:3000/")], {}),
    ({"url": "https://a.example.org"}, [*OWN, *variables(BETTER_AUTH_TRUSTED_ORIGINS="https://*.example.org")], {}),
    # What is known only after the deployment, or is not in the manifests.
    ({"via": "loadbalancer"}, OWN, {}), ({"via": "ingress"}, OWN, {}), ({"via": "forward"}, [], {}), ({"service": "other"}, OWN, {}),
    ({"via": "forward"}, [{"name": "BETTER_AUTH_URL", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}], {}),
])  # fmt: skip
def test_address_that_is_accepted_or_not_known(address, env, ingress):
    assert origin_problems(app(**address), objects(env, **ingress), NODE) == []


@pytest.mark.parametrize(("address", "env", "ingress", "public"), [
    ({"via": "forward"}, OWN, {}, "http://localhost:3000"), ({"url": "https://shop.example.org"}, OWN, {}, "https://shop.example.org"),
    ({"via": "ingress"}, OWN, {"rules": [RULE]}, "http://shop.example.org"),
    ({"via": "forward"}, [{"name": "BETTER_AUTH_URL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "url"}}}], {}, "http://localhost:3000"),
    ({"via": "forward"}, [*OWN, *variables(BETTER_AUTH_TRUSTED_ORIGINS="http://127.0.0.1:3000")], {}, "http://localhost:3000"),
])  # fmt: skip
def test_address_that_better_auth_does_not_accept(address, env, ingress, public):
    (problem,) = origin_problems(app(**address), objects(env, **ingress), NODE)
    assert problem.startswith(f"The application's address is {public}, but BETTER_AUTH_URL of Deployment web is http://192.0.2.2:30300: Better Auth refuses")
    assert f"Set BETTER_AUTH_URL to {public}" in problem


def test_node_that_is_not_known_is_not_compared():
    assert origin_problems(app(), objects(variables(BETTER_AUTH_URL="http://a")), "") == []
    assert len(origin_problems(app(), objects(variables(BETTER_AUTH_URL="http://a")), "2001:db8::2")) == 1


def test_application_without_better_auth_is_not_compared():
    assert origin_problems({**app(via="forward"), "auth": None}, objects(OWN), NODE) == []
    assert origin_problems({**app(), "address": None}, objects(OWN), NODE) == []


@pytest.mark.parametrize(("via", "forwarded", "end"), [
    ("nodeport", False, "shop is deployed. Open http://localhost:3000/"), ("forward", True, "shop is deployed. Open http://localhost:3000/"),
    ("forward", False, "run ansible-playbook runbook.minikube.port_forward with the same variables. Then open http://localhost:3000/"),
])  # fmt: skip
def test_summary_says_how_to_reach_the_address(via, forwarded, end):
    check = {"name": "address", "url": "http://localhost:3000/", "via": via}
    assert deploy_summary([], "shop", [check], False, forwarded)[-1].endswith(end)
