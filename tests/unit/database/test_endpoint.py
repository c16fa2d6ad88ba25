# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pod behind a database's host name."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.endpoint import Endpoint, endpoint_of, select_endpoint, service_named
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_cluster import FakeCluster


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("postgres", ("postgres", "here")),
        ("postgres.other", ("postgres", "other")),
        ("postgres.other.svc", ("postgres", "other")),
        ("postgres.other.svc.cluster.local", ("postgres", "other")),
        ("postgres.other.svc.cluster.local.", ("postgres", "other")),
        ("ep-cool-1.eu.aws.neon.tech", None),
        ("10.0.0.1", None),
        ("::1", None),
        ("", None),
    ],
)
def test_names(host, service):
    assert service_named(host, "here") == service


def service(selector=None, target=5432, port=5432):
    selector = {"app": "db"} if selector is None else selector
    return {"metadata": {"name": "db", "namespace": "default"}, "spec": {"selector": selector, "ports": [{"port": port, "targetPort": target}]}}


def pod(name, ready="True", labels=None, **metadata):
    ports = [{"name": "sql", "containerPort": 5433}]
    return {
        "metadata": {"name": name, "namespace": "default", "labels": labels or {"app": "db", "more": "x"}, **metadata},
        "spec": {"containers": [{"name": "other"}, {"name": "db", "ports": ports}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def test_a_ready_pod():
    pods = [pod("db-0", ready="False"), pod("db-1", deletionTimestamp="now"), pod("db-2"), pod("web", labels={"app": "web"})]
    assert select_endpoint(service(), pods, 5432) == Endpoint("default", "db-2", 5432)


@pytest.mark.parametrize(("target", "port"), [(5544, 5544), ("sql", 5433)])
def test_where_the_service_s_port_leads(target, port):
    assert select_endpoint(service(target=target), [pod("db-0")], 5432).port == port


@pytest.mark.parametrize(
    ("found", "pods", "words"),
    [
        (service(selector={}), [pod("db-0")], "has no selector"),
        (service(port=1), [pod("db-0")], "has no port 5432"),
        (service(), [pod("db-0", ready="False")], "No pod behind Service default/db is ready"),
        (service(target="web"), [pod("db-0")], "has no port named web"),
    ],
)
def test_no_endpoint(found, pods, words):
    with pytest.raises(RunbookError, match=words):
        select_endpoint(found, pods, 5432)


def test_no_service():
    cluster = FakeCluster()
    with pytest.raises(RunbookError, match="There is no Service db in namespace default"):
        endpoint_of(cluster, ("db", "default"), "db", 5432)
    with pytest.raises(RunbookError, match="db.example.com is not the name of a Service"):
        endpoint_of(cluster, None, "db.example.com", 5432)
    cluster.forbidden.add(("get", "Service"))
    with pytest.raises(RunbookError, match="Allow get on services"):
        endpoint_of(cluster, ("db", "default"), "db", 5432)
