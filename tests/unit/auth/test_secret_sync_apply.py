# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secret is written to its places: what would be lost is kept before, and another client's write is never lost."""

from __future__ import annotations

import base64
from contextlib import nullcontext

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import TableNames
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.options import AuthOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync import observe as observing
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.apply import synchronize
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.options import SyncOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.options import DatabaseOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.container_values import ContainerValue
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secret_sources import Ref
from fake_cluster import FakeCluster
from fake_keys import REAL, WORKS, FakeKeys

X, Y = REAL["secrets"]["A"], REAL["secrets"]["B"]
AUTH = AuthOptions("default", DatabaseOptions(url="postgresql://db/app"), None, None, [], "encrypted", TableNames())


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(observing, "application_offset", lambda *_where, **_options: None)


def cluster_with(single, copy, **more):
    cluster = FakeCluster(**more)
    for name, text in (("web", single), ("api", copy)):
        cluster.put("Secret", name, {"data": {"auth": encoded(text)}})
    return cluster


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def data(cluster, name):
    return {key: base64.b64decode(value).decode() for key, value in cluster.objects["Secret", "default", name]["data"].items()}


def run(cluster, source="web/auth", check=False):
    hidden = set()
    options = SyncOptions(AUTH, (Ref("web", "auth"), Ref("api", "auth")), "auths", source=source)
    return synchronize(cluster, lambda: nullcontext(FakeKeys([WORKS])), options, hidden.update, check), hidden


def test_the_value_that_is_lost_is_kept_first():
    cluster = cluster_with(X, Y)
    (plan, kept), hidden = run(cluster)
    assert data(cluster, "api") == {"auth": X} and data(cluster, "api-former") == {"auth.1": Y}
    assert [name for _verb, _kind, name in cluster.writes] == ["api-former", "api-former", "api"]
    assert [str(one) for one in kept] == ["api-former/auth.1"] and {X, Y} <= hidden
    before = list(cluster.writes)
    (plan, kept), _hidden = run(cluster, source="")
    assert (plan.changed, kept, cluster.writes) == ([], [], before)


def test_check_mode_writes_nothing():
    cluster = cluster_with(X, Y)
    (plan, kept), _hidden = run(cluster, check=True)
    assert plan.changed == [Ref("api", "auth")] and kept[0].added and cluster.writes == []


@pytest.mark.parametrize("verb", ["create", "patch", "get"])
def test_nothing_is_written_where_the_value_could_not_be_kept(verb):
    cluster = cluster_with(X, Y, forbidden={(verb, "Secret")})
    with pytest.raises(RunbookError, match=f"Not allowed to {verb} secrets"):
        run(cluster)
    assert cluster.writes == []


def test_another_client_s_write_is_read_and_kept_too():
    cluster = cluster_with(X, Y)

    def after_the_value_was_kept(*what):
        if what[2] == "api":
            cluster.put("Secret", "api", {"data": {"auth": encoded("theirs, of a moment ago")}})
        else:
            cluster.before_write = after_the_value_was_kept

    cluster.before_write = after_the_value_was_kept
    run(cluster)
    assert data(cluster, "api") == {"auth": X}
    assert set(data(cluster, "api-former").values()) == {Y, "theirs, of a moment ago"}


def test_a_secret_that_does_not_exist():
    cluster = cluster_with(X, Y)
    del cluster.objects["Secret", "default", "api"]
    with pytest.raises(RunbookError, match="There is no Secret api in namespace default"):
        run(cluster)


def pod(name, **metadata):
    env = [{"name": "BETTER_AUTH_SECRET", "valueFrom": {"secretKeyRef": {"name": "web", "key": "auth"}}}]
    status = {"phase": "Running", "containerStatuses": [{"name": "app", "state": {"running": {"startedAt": "2025-01-01T12:00:00Z"}}}]}
    return {"metadata": {"labels": {}, **metadata}, "spec": {"containers": [{"name": "app", "env": env}]}, "status": status}


def test_what_only_pods_have_is_kept_and_a_pod_that_ends_is_not_restarted(monkeypatch):
    cluster = cluster_with(X, X)
    cluster.put("Pod", "stale", pod("stale"))
    cluster.put("Pod", "ending", pod("ending", deletionTimestamp="2025-01-01T13:00:00Z"))
    values = {"stale": "what only pods have", "ending": "what a pod that ends has"}
    monkeypatch.setattr(observing, "read_values", lambda _cluster, lookups: {one: ContainerValue(values[one.pod].encode()) for one in lookups})
    (plan, _kept), hidden = run(cluster, source="")
    assert sorted({one.workload for one in plan.stale}) == ["Pod/stale"]
    assert set(data(cluster, "web-former").values()) == set(values.values()) <= hidden
    (_plan, kept), _hidden = run(cluster, source="")
    assert not any(one.added for one in kept), "the second run changes nothing"
