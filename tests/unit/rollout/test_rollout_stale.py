# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stale workloads: by times of writes, image IDs, and for late writes by the values in the containers."""

from __future__ import annotations

import base64
from datetime import datetime

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs import container_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.stale import bare_id, find_stale, started_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.stale_values import unchanged_sources
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.fields import data_changed
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import WaitOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.snapshot import Snapshot
from test_rollout_run import PARAMS, SimulatedCluster, roll_out
from workload_objects import START, WEB, at, container_status, deployment, pod, running, terminated, web

KEY = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "k"}}}
MOUNT = [{"name": "v", "mountPath": "/x", "subPath": "x"}]
ID, OTHER_ID = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def one(spec=None, volumes=(), since=10, image_id="docker://" + ID, **more):
    container = {"name": "app", "image": "app:1", "readinessProbe": {}, **(spec or {})}
    status = {**container_status(state=running(since), ready=True), "imageID": image_id}
    return pod(statuses=[status], containers=[container], volumes=list(volumes), phase="Running", **more)


@pytest.mark.parametrize(
    ("spec", "volumes", "found"),
    [
        ({"env": [KEY]}, [], {("Secret", "mine")}),
        ({"envFrom": [{"secretRef": {"name": "mine"}}, {"configMapRef": {"name": "c"}}]}, [], {("Secret", "mine"), ("ConfigMap", "c")}),
        ({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]}, [], {("ConfigMap", "c")}),
        ({"volumeMounts": MOUNT}, [{"name": "v", "secret": {"secretName": "mine"}}], {("Secret", "mine")}),
        ({"volumeMounts": MOUNT}, [{"name": "v", "projected": {"sources": [{"configMap": {"name": "c"}}]}}], {("ConfigMap", "c")}),
        ({"volumeMounts": [{"name": "v", "mountPath": "/x"}]}, [{"name": "v", "secret": {"secretName": "mine"}}], set()),
        ({"env": [{"name": "A", "value": "mine"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]}, [], set()),
    ],
)
def test_sources_read_at_container_start(spec, volumes, found):
    (started,) = started_of(one(spec, volumes))
    assert started.sources == found


def test_terminated_init_containers_count_and_waiting_ones_do_not():
    init = pod(
        statuses=[container_status()], init_statuses=[container_status("first", terminated("Completed", 0))],
        init_containers=[{"name": "first", "image": "i", "env": [KEY]}],
    )
    assert [(item.name, item.sources) for item in started_of(init)] == [("first", {("Secret", "mine")})]


def written(seconds, made=0):
    fields = [
        {"manager": "label", "time": at(500), "fieldsV1": {"f:metadata": {"f:labels": {}}}},
        {"manager": "data", "time": at(seconds), "fieldsV1": {"f:data": {"f:k": {}}}},
    ]
    return {"name": "mine", "creationTimestamp": at(made), "managedFields": fields}


def test_change_time_is_the_last_write_of_data_not_of_labels():
    assert data_changed(written(20)) == datetime.fromisoformat(at(20))
    assert data_changed({"creationTimestamp": at(3)}) is None


class Metadata:
    """A cluster that returns metadata of one Secret, by list or by name, but no value."""

    def __init__(self, metadata, refused=()):
        self.metadata, self.refused, self.calls = metadata, refused, []

    def get(self, _kind, _name, _namespace):
        raise ApiError("no", 403, "Forbidden")

    def list_metadata(self, kind, _namespace):
        self.calls.append(("list", kind))
        if "list" in self.refused:
            raise ApiError("no", 403, "Forbidden")
        return [self.metadata, {"name": "other", "creationTimestamp": at(999)}]

    def get_metadata(self, kind, name, _namespace):
        self.calls.append(("get", kind, name))
        if "get" in self.refused:
            raise ApiError("no", 403, "Forbidden")
        return self.metadata if name == self.metadata["name"] else None


class WithValue(Metadata):
    """A cluster that also returns the Secret, and may refuse exec."""

    def __init__(self, value, refused=()):
        super().__init__(written(99), refused)
        self.value = value

    def get(self, kind, name, _namespace):
        assert (kind, name) == ("Secret", "mine")
        return {"data": {"k": base64.b64encode(self.value.encode()).decode(), "another": "eA=="}}

    def can(self, _verb, _kind, _namespace, subresource=None):
        return subresource not in self.refused


def stale(cluster, found, image_ids=None, changed_secrets=(), check_mode=True, changed_config_maps=()):
    own = {("Secret", name) for name in changed_secrets} | {("ConfigMap", name) for name in changed_config_maps}
    return find_stale(cluster, Snapshot(web(found), START, WaitOptions()), image_ids or {}, own, check_mode).get(WEB, "")


@pytest.mark.parametrize(("seconds", "is_stale"), [(9, False), (10, True), (11, True)])
def test_data_written_after_the_container_start_is_stale(seconds, is_stale):
    found = stale(Metadata(written(seconds)), one({"env": [KEY]}))
    assert found == ("Secret mine changed after its container app had started" if is_stale else "")


def test_sources_are_read_one_by_one_if_list_is_forbidden():
    cluster = Metadata(written(1))
    assert stale(cluster, one()) == "" and cluster.calls == []
    narrow = Metadata(written(99), refused=["list"])
    assert stale(narrow, one({"env": [KEY]})) and narrow.calls == [("list", "Secret"), ("get", "Secret", "mine")]
    with pytest.raises(RunbookError, match=r"Not allowed to list Secret .* or get those that the pods read \(mine\)"):
        stale(Metadata(written(99), refused=["list", "get"]), one({"env": [KEY]}))


ENVIRONMENT = b"PATH=/bin\0A=now\0"


@pytest.mark.parametrize(
    ("value", "spec", "environ", "refused", "is_stale"),
    [
        ("now", {"env": [KEY]}, ENVIRONMENT, (), False),
        ("other", {"env": [KEY]}, ENVIRONMENT, (), True),
        ("now", {"env": [KEY]}, b"PATH=/bin\0", (), True),
        ("now", {"env": [KEY]}, None, (), True),
        ("now", {"env": [KEY]}, ENVIRONMENT, ("exec",), True),
        ("now", {"env": [KEY], "envFrom": [{"secretRef": {"name": "mine"}}]}, ENVIRONMENT, (), True),
        ("now", {"env": [KEY], "volumeMounts": MOUNT}, ENVIRONMENT, (), True),
        ("now", {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "gone", "optional": True}}}]}, ENVIRONMENT, (), True),
        ("now", {"env": [{"name": "B", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "gone", "optional": True}}}]}, ENVIRONMENT, (), False),
    ],
)
def test_values_of_late_writes_are_compared_in_the_container(monkeypatch, value, spec, environ, refused, is_stale):
    def execute(_cluster, _pod, _namespace, _container, _command, timeout):
        return Execution(0, environ, b"") if environ is not None else Execution(1, b"", b"Permission denied")

    monkeypatch.setattr(container_values, "execute", execute)
    assert bool(stale(WithValue(value, refused), one(spec))) == is_stale


def test_sources_and_permissions_are_read_once_for_all_workloads(monkeypatch):
    monkeypatch.setattr(container_values, "execute", lambda *_arguments, timeout: Execution(0, ENVIRONMENT, b""))
    calls = []

    class Counting(WithValue):
        def get(self, kind, name, namespace):
            calls.append(("get", name))
            return super().get(kind, name, namespace)

        def can(self, verb, kind, namespace, subresource=None):
            calls.append((verb, subresource))
            return True

    mine = {("Secret", "mine")}
    late = {"a": ([one({"env": [KEY]})], mine), "b": ([one({"env": [KEY]}), one({"env": [KEY]})], mine), "c": ([one()], set())}
    assert unchanged_sources(Counting("now"), "default", late, list) == {"a": mine, "b": mine, "c": set()}
    assert sorted(calls) == [("create", "exec"), ("get", "exec"), ("get", "mine")]


@pytest.mark.parametrize(("value", "hidden"), [("a value of a Secret", [b"a value of a Secret"]), ("postgres", [])])
def test_values_of_secrets_are_masked_unless_they_are_short(monkeypatch, value, hidden):
    monkeypatch.setattr(container_values, "execute", lambda *_arguments, timeout: Execution(0, ENVIRONMENT, b""))
    masked = []
    unchanged_sources(WithValue(value), "default", {"a": ([one({"env": [KEY]})], {("Secret", "mine")})}, masked.extend)
    assert masked == hidden


def test_changed_secrets_are_not_compared(monkeypatch):
    """In check mode a Secret still has its previous value, so a comparison would predict something else than the run does."""
    monkeypatch.setattr(container_values, "execute", lambda *_arguments, timeout: Execution(0, ENVIRONMENT, b""))
    assert not stale(WithValue("now"), one({"env": [KEY]}), check_mode=False)
    assert stale(WithValue("now"), one({"env": [KEY]}), changed_secrets=["mine"], check_mode=False)


def test_sources_of_terminated_init_containers_cannot_be_compared():
    found = one({"env": [KEY]})
    found["spec"]["initContainers"] = [{"name": "first", "env": [KEY]}]
    assert stale(WithValue("now"), found)


def test_changed_config_maps_of_check_mode_are_stale():
    reading = one({"envFrom": [{"configMapRef": {"name": "mine"}}]})
    assert stale(Metadata(written(1)), reading, changed_config_maps=["mine"]) and not stale(Metadata(written(1)), reading, changed_secrets=["mine"])


def test_changed_secrets_of_check_mode_are_stale():
    assert stale(Metadata(written(1)), one({"env": [KEY]}), changed_secrets=["mine"]) and not stale(Metadata(written(1)), one(), changed_secrets=["mine"])


def test_terminating_and_old_pods_are_not_stale():
    former = one({"env": [KEY]}, hash_="old", owner="web-old")
    assert stale(Metadata(written(99)), former) == ""


@pytest.mark.parametrize(
    ("image_ids", "image_id", "is_stale"),
    [
        ({"app:1": OTHER_ID}, "docker://" + ID, True),
        ({"app:1": ID}, "docker://" + ID, False),
        ({"app:1": OTHER_ID}, ID, True),
        ({"app:1": OTHER_ID}, "docker-pullable://app@" + ID, False),
        ({"app:2": OTHER_ID}, "docker://" + ID, False),
        ({"app:1": None}, "docker://" + ID, False),
    ],
)
def test_retagged_image_is_stale(image_ids, image_id, is_stale):
    found = stale(Metadata(written(1)), one(image_id=image_id), image_ids)
    assert found == ("app:1 now points to a different image than its pods run" if is_stale else "")


def test_image_id_is_distinguished_from_a_registry_digest():
    assert bare_id("docker://" + ID) == bare_id(ID) == ID and bare_id("docker.io/library/app@" + ID) == ""


class WithMetadata(Metadata, SimulatedCluster):
    """Both of the simulated clusters: pods, and the metadata of what they read."""

    def __init__(self, found, deploy, metadata):
        SimulatedCluster.__init__(self, [found], deploy)
        self.metadata, self.refused = metadata, ()


def test_stale_workload_is_restarted_with_the_reason():
    cluster = WithMetadata(one({"env": [KEY]}), deployment(available=1), written(99))
    result = roll_out(cluster, {**PARAMS, "restart": "if_stale"})
    assert [name for _kind, name, *_rest in cluster.patched] == ["web"]
    assert result["actions"][0] == "restart Deployment web: Secret mine changed after its container app had started"
    fresh = WithMetadata(one({"env": [KEY]}), deployment(available=1), written(1))
    assert roll_out(fresh, {**PARAMS, "restart": "if_stale"})["changed"] is False and fresh.patched == []


def test_no_restart_before_the_controller_observed_an_apply(monkeypatch):
    monkeypatch.setattr(observe, "PAUSE", 0)
    cluster = WithMetadata(one({"env": [KEY]}, hash_="old", owner="web-old"), deployment(generation=3), written(99))
    reads = []

    def observed(kind, namespace, **selectors):
        if kind == "Deployment":
            reads.append(kind)
            cluster.objects["Deployment"] = [deployment(generation=3, observed=3 if len(reads) > 2 else 2, available=1)]
        return SimulatedCluster.list_with_version(cluster, kind, namespace, **selectors)

    monkeypatch.setattr(cluster, "list_with_version", observed)
    with pytest.raises(RunbookError, match="not complete"):
        roll_out(cluster, {**PARAMS, "restart": "if_stale", "timeout": 0})
    assert len(reads) == 3 and cluster.patched == []


def test_rollback_on_failure_is_refused_for_a_retagged_image():
    cluster = WithMetadata(one(), deployment(available=1), written(1))
    params = {**PARAMS, "restart": "if_stale", "image_ids": {"app:1": OTHER_ID}}
    with pytest.raises(RunbookError, match=r"workloads\[0\]: app:1 now points to a different image .*rollback_on_failure: false"):
        roll_out(cluster, {**params, "rollback_on_failure": True})
    assert cluster.patched == []
    assert roll_out(cluster, params)["changed"] is True


def test_options_without_effect_are_refused():
    with pytest.raises(RunbookError, match="image_ids is only valid with restart: if_stale"):
        roll_out(SimulatedCluster([], deployment()), {**PARAMS, "image_ids": {"a:1": ID}})
