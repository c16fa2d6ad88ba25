# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copying a value to Secrets, and reporting who does not have it yet."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs import container_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.copy import copy_value
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.options import CopyOptions
from fake_cluster import FakeCluster

RIGHT = b"\xffthe right value"


def secret(**values):
    return {"data": {key: base64.b64encode(value).decode() for key, value in values.items()}}


@pytest.fixture(name="cluster")
def two_secrets():
    cluster = FakeCluster(namespaces=("default", "other"))
    cluster.put("Secret", "frontend", secret(auth=RIGHT))
    cluster.put("Secret", "backend", secret(auth=b"wrong", more=b"other"))
    return cluster


def copy(cluster, *destinations, source=None, check=False, **params):
    source = source or {"secret": "frontend", "key": "auth"}
    params = {"namespace": "default", "source": source, "create": False, "check_consumers": False, "destinations": list(destinations), **params}
    hidden = []
    copied = copy_value(cluster, CopyOptions.of(params), hidden.extend, check)
    assert hidden == [RIGHT]
    return copied


def stored(cluster, name, namespace="default"):
    return {key: base64.b64decode(value) for key, value in cluster.objects["Secret", namespace, name]["data"].items()}


BACKEND = {"secret": "backend", "key": "auth"}


def test_copied_once(cluster):
    copied = copy(cluster, BACKEND)
    assert stored(cluster, "backend") == {"auth": RIGHT, "more": b"other"}
    assert copied.report()["destinations"] == [{"namespace": "default", "secret": "backend", "key": "auth", "action": "updated"}]
    assert copied.diff() == {
        "before": {"default": {"backend": {"auth": "<old value>"}}}, "after": {"default": {"backend": {"auth": "<new value>"}}},
    }  # fmt: skip
    written = list(cluster.writes)
    assert not copy(cluster, BACKEND).report()["changed"]
    assert cluster.writes == written


def test_check_mode_reports_the_same_and_writes_nothing(cluster):
    predicted = copy(cluster, BACKEND, check=True)
    assert cluster.writes == []
    done = copy(cluster, BACKEND)
    assert predicted.report() == done.report()
    assert predicted.diff() == done.diff()


def test_a_missing_secret_is_created_only_when_requested(cluster):
    other = {"secret": "backend", "key": "auth", "namespace": "other"}
    with pytest.raises(RunbookError, match="No Secret was changed. There is no Secret backend in namespace other: correct the name"):
        copy(cluster, BACKEND, other)
    assert cluster.writes == []
    assert copy(cluster, BACKEND, other, create=True).report()["changed"]
    assert stored(cluster, "backend", "other") == {"auth": RIGHT}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"immutable": True}, "it is immutable"),
        ({"metadata": {"annotations": {"meta.helm.sh/release-name": "r"}}}, "managed by Helm"),
        ({"metadata": {"labels": {"reconcile.external-secrets.io/managed": "true"}}}, "managed by External Secrets"),
        ({"metadata": {"labels": {"app.kubernetes.io/managed-by": "Pulumi"}}}, "managed by Pulumi"),
        ({"metadata": {"ownerReferences": [{"kind": "SealedSecret", "name": "s"}]}}, "it belongs to SealedSecret s"),
    ],
)
def test_what_others_own_is_refused_with_the_reason_and_nothing_is_written(cluster, change, words):
    cluster.put("Secret", "theirs", {**secret(auth=b"x"), **change})
    with pytest.raises(RunbookError, match=words) as refused:
        copy(cluster, BACKEND, {"secret": "theirs", "key": "auth"})
    assert len(refused.value.facts["refusals"]) == 1
    assert cluster.writes == []


def test_what_others_own_and_holds_the_value_is_left_alone(cluster):
    cluster.put("Secret", "theirs", {**secret(auth=RIGHT), "immutable": True})
    assert not copy(cluster, {"secret": "theirs", "key": "auth"}).report()["changed"]


def test_somebody_else_writes_meanwhile(cluster):
    cluster.before_write = lambda *_what: cluster.put("Secret", "backend", secret(auth=b"wrong again", more=b"newer"))
    copy(cluster, BACKEND)
    assert stored(cluster, "backend") == {"auth": RIGHT, "more": b"newer"}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"secret": "nobody", "key": "auth"}, "Secret default/nobody, key auth has no value"),
        ({"secret": "frontend", "key": "nothing"}, "key nothing has no value"),
        ({"value": ""}, "has no value, or an empty one"),
    ],
)
def test_a_source_without_a_value(cluster, source, words):
    with pytest.raises(RunbookError, match=words):
        copy(cluster, BACKEND, source=source)
    assert cluster.writes == []


@pytest.fixture(name="pods")
def reading_pods(cluster, monkeypatch):
    """Pods of two workloads that read backend/auth; their environment is in the mapping that this returns."""
    has = {}

    def play(_cluster, pod, _namespace, _container, command, timeout):
        if pod not in has:
            return Execution(127, b"", b"")
        return Execution(0, b"AUTH=" + has[pod] + b"\0" if command[-1].startswith("/proc") else has[pod], b"")

    monkeypatch.setattr(container_values, "execute", play)
    entry = {"name": "AUTH", "valueFrom": {"secretKeyRef": {"name": "backend", "key": "auth"}}}
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/m"}]}
    volume = {"name": "v", "secret": {"secretName": "backend"}}
    replica_set = {"kind": "ReplicaSet", "name": "api-5f6", "controller": True}
    stateful_set = {"kind": "StatefulSet", "name": "worker", "controller": True}
    for name, owner, spec in (
        ("api-5f6-a", replica_set, {"containers": [{"name": "app", "env": [entry]}]}),
        ("api-5f6-b", replica_set, {"containers": [{"name": "app", "env": [entry]}]}),
        ("worker-0", stateful_set, {"containers": [{"name": "app", **mount}], "volumes": [volume]}),
    ):
        metadata = {"ownerReferences": [owner], "labels": {"pod-template-hash": "5f6"}}
        status = {"containerStatuses": [{"name": "app", "state": {"running": {}}}]}
        cluster.put("Pod", name, {"metadata": metadata, "spec": spec, "status": status})
    return has


def test_who_must_restart(cluster, pods):
    pods.update({"api-5f6-a": b"wrong", "api-5f6-b": RIGHT, "worker-0": b"wrong"})
    result = copy(cluster, BACKEND, check_consumers=True).report()
    assert result["restart_required"] == [{"namespace": "default", "workload": "Deployment/api"}]
    assert [(one["pod"], one["state"]) for one in result["consumers"]] == [
        ("api-5f6-a", "stale"), ("api-5f6-b", "current"), ("worker-0", "syncing"),
    ]  # fmt: skip


def test_a_run_cut_off_before_the_restart_leaves_it_to_the_next(cluster, pods):
    pods.update({"api-5f6-a": b"wrong", "api-5f6-b": b"wrong", "worker-0": RIGHT})
    copy(cluster, BACKEND, check_consumers=True)
    result = copy(cluster, BACKEND, check_consumers=True).report()
    assert not result["changed"]
    assert result["restart_required"] == [{"namespace": "default", "workload": "Deployment/api"}]


def test_a_container_that_can_not_be_read_is_unknown(cluster, pods):
    pods["worker-0"] = RIGHT
    result = copy(cluster, BACKEND, check_consumers=True).report()
    assert result["restart_required"] == []
    assert [one["state"] for one in result["consumers"]] == ["unknown", "unknown", "current"]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("forbidden", "words"), [
    (("patch", "Secret"), "Not allowed to patch secrets/backend in namespace default"),
    (("get", "Pod"), "Not allowed to get pods/exec in namespace default"),
    (("create", "Pod"), "Not allowed to create pods/exec in namespace default"),
    (("list", "Pod"), "Not allowed to list pods in namespace default"),
])  # fmt: skip
def test_what_may_not_be_done_is_result_before_anything_is_written(cluster, pods, forbidden, words, check):
    cluster.forbidden.add(forbidden)
    with pytest.raises(RunbookError, match=words):
        copy(cluster, BACKEND, check_consumers=True, check=check)
    assert cluster.writes == []


def test_no_namespace_is_written_where_another_may_not_be(cluster, monkeypatch):
    cluster.put("Secret", "backend", secret(auth=b"wrong"), "other")
    monkeypatch.setattr(cluster, "can", lambda _verb, _kind, namespace, **_more: namespace != "other")
    with pytest.raises(RunbookError, match="Not allowed to patch secrets/backend in namespace other"):
        copy(cluster, BACKEND, {**BACKEND, "namespace": "other"})
    assert cluster.writes == []


def test_containers_that_differ_are_no_source(cluster, pods):
    pods.update({"api-5f6-a": b"planted-one", "api-5f6-b": b"planted-two", "worker-0": b"planted-one"})
    with pytest.raises(RunbookError, match="these locations have different values") as refused:
        copy(cluster, BACKEND, source={"secret": "backend", "key": "auth", "check_consumers": True})
    assert "planted" not in str(refused.value) + str(refused.value.facts) and "wrong" not in str(refused.value)
    assert cluster.writes == []
