# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a connection does not work, and which NetworkPolicies may be the reason."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.model import Attempt, NetworkTarget, NodeConnect, NodeSettings
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.policies import (
    NetworkObjects,
    blocking_policies,
    dns_policies,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.verdict import needs_objects, verdict_of
from network_data import CONNECTED, ENDED, FAST, NO_ROUTE, NOT_SELECTING, POD, SLOW, TARGET, connection, probe_of

NOTHING = NetworkObjects([])
LATE, REFUSED = Attempt("192.0.2.1", 4, 5000, "TIMEOUT"), Attempt("192.0.2.1", 4, 1, "ECONNREFUSED")
WEB = NetworkTarget("db.example.test", 5432, "https")


def verdict(one, objects=NOTHING, **probe):
    return verdict_of(one, probe_of(one, **probe), TARGET, objects)


@pytest.mark.parametrize(("one", "cause", "words"), [
    (connection(FAST, node=CONNECTED), "", ""),
    (connection(url_problem="unset", target=NetworkTarget(env="DB")), "url", "DB of container app of pod default/frontend-1 of Deployment/frontend is not set"),
    (connection(url_problem="unclear", target=NetworkTarget(env="DB")), "url", "has no URL with one host"),
    (connection(lookup="ENOTFOUND"), "name_not_found", "db.example.test does not exist in DNS"),
    (connection(), "name_not_found", "no address"),
    (connection(lookup="EAI_AGAIN"), "dns_no_answer", "CoreDNS"),
    (connection(REFUSED, NO_ROUTE), "refused", "Nothing listens there"),
    (connection(LATE, NO_ROUTE), "no_answer", "A firewall drops the packets"),
    (connection(NO_ROUTE), "unreachable", "no address can be reached"),
    (connection(FAST, tls={"failure": "CERT_HAS_EXPIRED", "detail": "expired"}, target=WEB), "tls", "CERT_HAS_EXPIRED"),
    (connection(FAST, http={"failure": "ECONNRESET", "detail": "reset"}, target=WEB), "http", "no HTTP response"),
    (connection(FAST, http={"status": 503}, target=WEB), "http", "HTTP status 503"),
    (connection(FAST, http={"status": 404}, target=WEB), "", ""),
    (connection(FAST, node=CONNECTED, database="password authentication failed"), "database", "SELECT 1 failed. password"),
    (connection(FAST, node=CONNECTED, database=""), "", ""),
    (connection(FAST, node=NodeConnect(2, "EPERM", "Error", (("EPERM", "192.0.2.1"),))), "node", "cannot connect (EPERM), although 192.0.2.1 after 3 ms"),
])  # fmt: skip
def test_cause(one, cause, words):
    found = verdict(one)
    assert found.cause == cause and words in found.problem and bool(found.problem) == bool(cause), found


def test_happy_eyeballs_is_an_attempt_that_is_ended_although_the_address_answers():
    found = verdict(connection(SLOW, NO_ROUTE, node=ENDED))
    assert found.cause == "happy_eyeballs" and "after 250 ms" in found.problem and "192.0.2.1 answers after 1030 ms" in found.problem, found
    assert "AggregateError ETIMEDOUT (ETIMEDOUT, ENETUNREACH)" in found.problem and "2001:db8::1 does not (ENETUNREACH)" in found.problem
    settings = NodeSettings("v24.0.0", "", True, 2000, "verbatim")
    assert "after 2000 ms" in verdict(connection(SLOW, NO_ROUTE, node=ENDED), settings=settings).problem
    assert verdict(connection(SLOW, NO_ROUTE, node=ENDED), settings=NOT_SELECTING).cause == "node"
    dead = connection(Attempt("192.0.2.1", 4, 5000, "TIMEOUT"), NO_ROUTE, node=ENDED)
    assert verdict(dead).cause == "no_answer"


def test_selection_in_the_application_s_code_is_a_note():
    found = verdict(connection(SLOW, NO_ROUTE, node=ENDED), source="/app/.next/server/auth.js")
    assert found.cause == "happy_eyeballs" and not found.problem and "/app/.next/server/auth.js" in found.note


def test_without_selection_only_the_first_address_is_used():
    hanging = Attempt("2001:db8::1", 6, 5000, "TIMEOUT")
    found = verdict(connection(hanging, FAST, node=NodeConnect(5000, "TIMEOUT")), settings=NOT_SELECTING)
    assert found.cause == "address_order" and "uses only the first address, 2001:db8::1" in found.problem


def policy(name, selector=None, types=None, **rules):
    spec = {"podSelector": {"matchLabels": selector} if selector else {}, **({"policyTypes": types} if types else {}), **rules}
    return {"metadata": {"name": name}, "spec": spec}


STORE = {"metadata": {"name": "store-1", "labels": {"app": "store"}}, "status": {"podIP": "10.0.0.9"}}
SERVICE = {"spec": {"clusterIP": "10.96.0.5", "selector": {"app": "store"}, "ports": [{"port": 80, "targetPort": 5432}]}}
PORTS = [{"port": 5432, "endPort": 5440}]


@pytest.mark.parametrize(("policies", "expected"), [
    ([], []),
    ([policy("out", types=["Egress"])], ["Egress of NetworkPolicy out"]),
    ([policy("out", {"app": "other"}, types=["Egress"])], []),
    ([policy("out", types=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.96.0.0/16"}}]}])], []),
    ([policy("out", types=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}]}])], []),
    ([policy("out", types=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}])], ["Egress of NetworkPolicy out"]),
    ([policy("out", types=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.96.0.0/12", "10.0.0.0/24"]}}]}])],
     ["Egress of NetworkPolicy out"]),
    ([policy("out", types=["Egress"], egress=[{"to": [{"podSelector": {}}]}])], []),
    ([policy("out", types=["Egress"], egress=[{"to": [{"podSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}])], ["Egress of NetworkPolicy out"]),
    ([policy("out", types=["Egress"], egress=[{"ports": PORTS}])], []),
    ([policy("out", types=["Egress"], egress=[{"ports": [{"port": 443}]}])], ["Egress of NetworkPolicy out"]),
    ([policy("out", types=["Egress"], egress=[{"ports": [{"port": "https"}]}])], []),
    ([policy("out", types=["Egress"]), policy("also", types=["Egress"], egress=[{}])], []),
    ([policy("in", {"app": "store"})], ["Ingress of NetworkPolicy in"]),
    ([policy("in", {"app": "store"}, ingress=[{"ports": PORTS}])], []),
    ([policy("in", {"app": "store"}, ingress=[{"from": [{"ipBlock": {"cidr": "10.9.0.0/16"}}]}])], ["Ingress of NetworkPolicy in"]),
    ([policy("in", {"app": "frontend"})], []),
    ([{"metadata": {"name": "by"}, "spec": {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["store"]}]}}}],
     ["Ingress of NetworkPolicy by"]),
    ([{"metadata": {"name": "by"}, "spec": {"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}}], []),
])  # fmt: skip
def test_policies_that_block(policies, expected):
    objects = NetworkObjects(policies, (SERVICE,), (POD, STORE))
    assert blocking_policies(objects, POD, "10.96.0.5", 80) == expected


def test_a_pod_s_own_address_is_found_too():
    objects = NetworkObjects([policy("in", {"app": "store"})], (), (POD, STORE))
    assert blocking_policies(objects, POD, "10.0.0.9", 80) == ["Ingress of NetworkPolicy in"] and blocking_policies(objects, POD, "192.0.2.1", 80) == []


def test_policies_that_block_dns():
    assert dns_policies(NetworkObjects([policy("out", types=["Egress"])]), POD) == ["Egress of NetworkPolicy out"]
    allowed = [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": 53, "protocol": "UDP"}]}]
    assert dns_policies(NetworkObjects([policy("out", types=["Egress"], egress=allowed)]), POD) == []


def test_a_policy_is_named_only_with_a_connection_that_has_no_answer():
    objects = NetworkObjects([policy("out", types=["Egress"])])
    found = verdict(connection(LATE), objects)
    assert found.cause == "network_policy" and "Egress of NetworkPolicy out selects the pod" in found.problem and not found.note
    assert verdict(connection(lookup="EAI_AGAIN"), objects).cause == "network_policy"
    assert verdict(connection(REFUSED), objects).cause == "refused" and verdict(connection(FAST), objects).cause == ""
    assert "NetworkPolicies were not read" in verdict(connection(LATE), NetworkObjects()).note


def test_policies_are_read_only_where_one_may_be_the_cause():
    assert [needs_objects(one) for one in (connection(LATE), connection(lookup="EAI_AGAIN"))] == [True, True]
    assert not any(map(needs_objects, (connection(FAST), connection(REFUSED), connection(lookup="ENOTFOUND"), connection(FAST, LATE))))
