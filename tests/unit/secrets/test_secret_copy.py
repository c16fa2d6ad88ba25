# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copying a value to Secrets, and reporting who does not have it yet."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs import container_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.options import Location
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secret_sources import Ref
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
    assert copied.report()["former_values"] == [
        {"namespace": "default", "secret": "backend", "key": "auth", "former_secret": "backend-former", "former_key": "auth.1"},
    ]  # fmt: skip
    assert copied.diff() == {
        "before": {"default": {"backend": {"auth": "<old value>"}}},
        "after": {"default": {"backend": {"auth": "<new value>"}, "backend-former": {"auth.1": "<old value>"}}},
    }
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
    copied = copy(cluster, BACKEND)
    assert stored(cluster, "backend") == {"auth": RIGHT, "more": b"newer"}
    assert stored(cluster, "backend-former") == {"auth.1": b"wrong", "auth.2": b"wrong again"}
    assert [one["former_key"] for one in copied.report()["former_values"]] == ["auth.2"]


def test_the_former_value_comes_back_by_a_copy_and_is_not_kept_twice(cluster):
    copy(cluster, BACKEND)
    back = {"secret": "backend-former", "key": "auth.1"}
    params = CopyOptions("default", Location.of(back), {"default": [Ref("backend", "auth")]}, check_consumers=False)
    copy_value(cluster, params, list, check=False)
    copy(cluster, BACKEND)
    assert stored(cluster, "backend")["auth"] == RIGHT
    assert stored(cluster, "backend-former") == {"auth.1": b"wrong", "auth.2": RIGHT}


@pytest.mark.parametrize("check", [False, True])
def test_nothing_is_overwritten_where_its_value_can_not_be_kept(cluster, check):
    cluster.put("Secret", "backend-former", secret(mine=b"x"))
    with pytest.raises(RunbookError, match="a Secret of that name exists that is for something else") as refused:
        copy(cluster, BACKEND, check=check)
    assert len(refused.value.facts["refusals"]) == 1
    assert stored(cluster, "backend")["auth"] == b"wrong"
    assert cluster.writes == []


def test_former_values_are_no_destination(cluster):
    copy(cluster, BACKEND)
    with pytest.raises(RunbookError, match="it has former values, which are never overwritten"):
        copy(cluster, {"secret": "backend-former", "key": "auth.1"})


@pytest.mark.parametrize(
    ("manifest", "warns"),
    [
        ({"stringData": {"auth": "wrong"}}, True),
        ({"data": {"auth": "d3Jvbmc="}}, True),
        ({"data": {"auth": base64.b64encode(RIGHT).decode()}}, False),
        ({"stringData": {"more": "other"}}, False),
        ({"data": {"auth": "no base64"}}, False),
        (["no manifest"], False),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_manifest_that_would_be_applied_again_is_told(cluster, manifest, warns, check):
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(manifest)}
    cluster.put("Secret", "backend", {**secret(auth=b"wrong"), "metadata": {"annotations": annotations}})
    warnings = copy(cluster, BACKEND, check=check).warnings()
    assert ["manifest that has the key auth (kubectl apply)" in one for one in warnings] == [True] * warns
    assert "wrong" not in str(warnings)


def test_a_manifest_that_was_applied_server_side_is_told(cluster):
    entry = {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:stringData": {"f:auth": {}}}}
    cluster.put("Secret", "backend", {**secret(auth=b"wrong"), "metadata": {"managedFields": [entry]}})
    assert "the key auth (kubectl)" in copy(cluster, BACKEND).warnings()[0]
    assert copy(cluster, BACKEND).warnings() == []


def test_a_container_that_can_not_be_asked_restarts_where_it_started_before_the_write(cluster, pods):
    written = {"manager": "runbook-secrets", "operation": "Update", "time": "2026-01-01T00:01:00Z", "fieldsV1": {"f:data": {"f:auth": {}}}}
    other = {"manager": "kubectl", "operation": "Update", "time": "2026-01-01T00:09:00Z", "fieldsV1": {"f:data": {"f:more": {}}}}
    cluster.put("Secret", "backend", {**secret(auth=RIGHT, more=b"other"), "metadata": {"managedFields": [written, other]}})
    start_pods(cluster, {"api-5f6-a": "2026-01-01T00:02:00Z", "api-5f6-b": "2026-01-01T00:02:00Z", "worker-0": "2026-01-01T00:00:00Z"})
    assert copy(cluster, BACKEND, check_consumers=True).report()["restart_required"] == []
    start_pods(cluster, {"api-5f6-a": "2026-01-01T00:00:30Z"})
    result = copy(cluster, BACKEND, check_consumers=True).report()
    assert result["restart_required"] == [{"namespace": "default", "workload": "Deployment/api"}]
    assert [one["state"] for one in result["consumers"]] == ["unknown", "unknown", "unknown"]
    assert "it started before the value was written" in result["consumers"][0]["reason"]


def test_pods_that_are_being_deleted_need_no_restart(cluster, pods):
    pods.update({"api-5f6-a": b"wrong", "api-5f6-b": RIGHT, "worker-0": RIGHT})
    cluster.objects["Pod", "default", "api-5f6-a"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    result = copy(cluster, BACKEND, check_consumers=True).report()
    assert result["restart_required"] == []
    assert result["consumers"][0]["state"] == "stale"


@pytest.mark.parametrize("check", [False, True])
def test_a_container_that_can_not_be_asked_restarts_where_the_value_is_written_now(cluster, pods, check):
    start_pods(cluster, {"api-5f6-a": "2026-01-01T00:02:00Z", "api-5f6-b": "2026-01-01T00:02:00Z"})
    result = copy(cluster, BACKEND, check_consumers=True, check=check).report()
    assert result["restart_required"] == [{"namespace": "default", "workload": "Deployment/api"}]


def start_pods(cluster, times):
    for name, at in times.items():
        pod = cluster.objects["Pod", "default", name]
        pod["status"]["containerStatuses"] = [{"name": "app", "state": {"running": {"startedAt": at}}}]


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
    assert result["restart_required"] == [{"namespace": "default", "workload": "Deployment/api"}]
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
