# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""URLs of Services inside of the cluster, which a sign-in check reaches by forwards."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth import forwards
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.forwards import names_service, reachable, service_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sign_in import Urls
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_cluster import FakeCluster

WEB, API = "http://web.shop.svc:3000/api/auth", "http://api.shop.svc.cluster.local:8000/tasks?a=b"


class Forward:
    """Listens nowhere, and records what it would forward to."""

    opened: list = []
    closed: list = []

    def __init__(self, _cluster, *target):
        self.target, self.address = target, ("127.0.0.1", 40000 + len(Forward.opened))

    def __enter__(self):
        Forward.opened.append(self.target)
        return self

    def __exit__(self, *_error):
        Forward.closed.append(self.target)


@pytest.fixture
def cluster(monkeypatch) -> FakeCluster:
    Forward.opened, Forward.closed = [], []
    monkeypatch.setattr(forwards, "Forward", Forward)
    made = FakeCluster()
    for name, port, target in (("web", 3000, "http"), ("api", 8000, 8000)):
        made.put("Service", name, {"spec": {"selector": {"app": name}, "ports": [{"port": port, "targetPort": target}]}}, "shop")
        containers = [{"name": name, "ports": [{"name": "http", "containerPort": 3001}]}]
        ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        made.put("Pod", f"{name}-1", {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}, "status": ready}, "shop")
    return made


@pytest.mark.parametrize(("url", "service"), [
    (WEB, ("shop", "web", 3000)), (API, ("shop", "api", 8000)), ("http://web.shop.svc/", ("shop", "web", 80)),
    ("http://192.0.2.1:30300/api/auth", None), ("https://shop.example.org", None), ("http://web.svc:3000", None), ("", None),
])  # fmt: skip
def test_hosts_of_services(url, service):
    assert service_of(url) == service
    assert names_service([None, url]) is (service is not None)


def test_urls_are_forwarded_while_the_block_runs(cluster):
    with reachable(lambda: cluster, Urls(WEB, API, (API,))) as urls:
        assert sorted(Forward.opened) == [("shop", "api-1", 8000), ("shop", "web-1", 3001)] and not Forward.closed
        by_service = dict(zip((one[1] for one in Forward.opened), (40000, 40001), strict=True))
        assert urls.auth == f"http://127.0.0.1:{by_service['web-1']}/api/auth" and urls.jwks == ""
        assert urls.verify == urls.cookies[0] == f"http://127.0.0.1:{by_service['api-1']}/tasks?a=b"
        assert urls.sent_origin == "http://localhost:3000"
    assert sorted(Forward.closed) == sorted(Forward.opened)


def test_a_given_origin_is_kept(cluster):
    with reachable(lambda: cluster, Urls(WEB, origin="https://shop.example.org")) as urls:
        assert urls.sent_origin == "https://shop.example.org"


def test_failures_name_the_service(cluster):
    with pytest.raises(RunbookError, match=r"http://web.shop.svc:3000/api/auth answers 500") as caught:
        with reachable(lambda: cluster, Urls(WEB)) as urls:
            raise RunbookError(f"{urls.auth} answers 500", step="token")
    assert caught.value.facts == {"step": "token"} and Forward.closed


def test_other_urls_need_no_cluster():
    given = Urls("http://192.0.2.1:30300/api/auth")
    with reachable(lambda: pytest.fail("connected"), given) as urls:
        assert urls is given


@pytest.mark.parametrize(("url", "words"), [
    ("http://wbe.shop.svc:3000/", "There is no Service wbe in namespace shop"), ("http://web.shop.svc:3001/", "has no port 3001 to forward to"),
    ("https://web.shop.svc:3000/", "is reached with http only"),
])  # fmt: skip
def test_what_cannot_be_forwarded_to_is_refused(cluster, url, words):
    with pytest.raises(RunbookError, match=words):
        with reachable(lambda: cluster, Urls(url)):
            pytest.fail("reached")


def test_service_without_a_ready_pod_is_refused(cluster):
    cluster.objects["Pod", "shop", "web-1"]["status"]["conditions"] = []
    with pytest.raises(RunbookError, match="has no ready pod to forward to.*service_endpoints_info says why"):
        with reachable(lambda: cluster, Urls(WEB)):
            pytest.fail("reached")


def test_missing_permission_is_named():
    with pytest.raises(RunbookError, match="Not allowed to get services and list pods in namespace shop"):
        with reachable(lambda: FakeCluster(forbidden=[("get", "Service")]), Urls(WEB)):
            pytest.fail("reached")
