# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading values at locations, against an API server in memory and simulated containers."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs import container_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.options import Location
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.compare import compare
from fake_cluster import FakeCluster

MISSING_PROGRAM = Execution(127, b"", b"")
SHELL = {"/proc/1/environ": b"OTHER=value\0", "/proc/self/environ": b"OTHER=value\0", "/proc/1/comm": b"sh\n"}


class SimulatedCluster(FakeCluster):
    """Counts the calls, and answers exec from ``files``: (pod, container) to {path: bytes}; a container without them has no cat."""

    def __init__(self, **options):
        super().__init__(**options)
        self.calls = []
        self.files = {}

    def list(self, kind, namespace=None, **selectors):
        self.calls.append(("list", kind, namespace))
        return super().list(kind, namespace, **selectors)

    def get(self, kind, name, namespace=None):
        self.calls.append(("get", kind, namespace))
        return super().get(kind, name, namespace)

    def can(self, verb, kind, namespace=None, subresource=None, name=None):
        return (verb, subresource or kind) not in self.forbidden

    def execute(self, _self, pod, namespace, container, command, timeout):
        files = self.files.get((pod, container))
        if files is None or command[0] != "cat":
            return MISSING_PROGRAM
        path = command[-1]
        if path in files and files[path] is None:
            return Execution(1, b"", f"cat: {path}: Permission denied".encode())
        if path in files:
            return Execution(0, files[path], b"")
        return Execution(1, b"", f"cat: {path}: No such file or directory".encode())

    def pod(self, name, spec, running=(), namespace="default", labels=None):
        statuses = [{"name": container, "state": {"running": {}}} for container in running]
        self.put("Pod", name, {"metadata": {"labels": labels or {}}, "spec": spec, "status": {"containerStatuses": statuses}}, namespace)


@pytest.fixture(name="cluster")
def simulated_cluster(monkeypatch):
    cluster = SimulatedCluster()
    monkeypatch.setattr(container_values, "execute", cluster.execute)
    return cluster


def secret(**values):
    return {"data": {key: base64.b64encode(value).decode() for key, value in values.items()}}


def env(name, secret_name="auth", key="key"):
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": key}}}


def report(cluster, *entries):
    locations = [Location.of(entry) for entry in entries]
    return compare(observe(cluster, "default", locations), {index for index, location in enumerate(locations) if not location.required})


def test_keys_of_secrets_config_maps_files_and_literal_values(cluster, tmp_path):
    cluster.put("Secret", "auth", secret(key=b"\xff\x00same"))
    cluster.put("ConfigMap", "text", {"data": {"key": "other"}})
    cluster.put("ConfigMap", "binary", {"binaryData": {"key": base64.b64encode(b"\xff\x00same").decode()}})
    (tmp_path / "file").write_bytes(b"\xff\x00same\n")
    result = report(
        cluster,
        {"secret": "auth", "key": "key"},
        {"config_map": "text", "key": "key"},
        {"config_map": "binary", "key": "key"},
        {"file": str(tmp_path / "file")},
        {"file": str(tmp_path / "nothing")},
        {"value": ""},
    )
    assert result["verdict"] == "different"
    assert [place.get("group") for place in result["locations"]] == [1, 2, 1, 3, None, 4]
    assert [difference["kinds"] for difference in result["differences"]] == [["other"], ["trailing_newline"], ["missing"], ["empty"]]


def test_one_list_call_a_namespace_or_fewer(cluster):
    places = []
    for number in range(200):
        namespace = f"n{number % 20}"
        cluster.put("Secret", f"s{number}", secret(key=b"the same value"), namespace)
        places.append({"secret": f"s{number}", "key": "key", "namespace": namespace})
    assert report(cluster, *places)["equal"]
    assert len(cluster.calls) == 20
    assert {call[0] for call in cluster.calls} == {"list"}


def test_where_listing_is_forbidden_single_objects_are_read(cluster):
    cluster.forbidden.add(("list", "Secret"))
    cluster.put("Secret", "a", secret(key=b"x"))
    cluster.put("Secret", "b", secret(key=b"x"))
    assert report(cluster, {"secret": "a", "key": "key"}, {"secret": "b", "key": "key"})["equal"]


def test_a_missing_permission_is_named(cluster):
    cluster.forbidden |= {("get", "Secret"), ("list", "Secret")}
    with pytest.raises(RunbookError, match="Not allowed to get secrets/auth in namespace default") as refused:
        report(cluster, {"secret": "auth", "key": "key"})
    assert refused.value.facts["missing_permissions"] == ["get secrets/auth"]


def test_a_key_that_is_not_required_may_be_missing(cluster):
    cluster.put("Secret", "auth", secret(key=b"x"))
    present, no_key, no_secret = [{"secret": "auth", "key": "key"}, {"secret": "auth", "key": "nothing"}, {"secret": "nobody", "key": "key"}]
    not_required = {"required": False}
    assert report(cluster, present, {**no_key, **not_required}, {**no_secret, **not_required})["equal"]
    assert [one["kinds"] for one in report(cluster, present, {**no_key, **not_required}, no_secret)["differences"]] == [["missing"]]
    assert report(cluster, no_key, no_secret)["verdict"] == "missing"


def test_what_is_no_base64_is_unknown(cluster):
    cluster.put("Secret", "auth", {"data": {"key": "a"}})
    assert report(cluster, {"secret": "auth", "key": "key"})["verdict"] == "unknown"


def test_every_running_consumer_is_read(cluster):
    cluster.put("Secret", "auth", secret(key=b"new value"))
    cluster.pod("named", {"containers": [{"name": "app", "env": [env("AUTH")]}]}, ["app"])
    cluster.pod("prefixed", {"containers": [{"name": "app", "envFrom": [{"prefix": "P_", "secretRef": {"name": "auth"}}]}]}, ["app"])
    volume = {"name": "v", "projected": {"sources": [{"secret": {"name": "auth"}}]}}
    mounted = {"name": "app", "volumeMounts": [{"name": "v", "mountPath": "/m"}]}
    cluster.pod("projected", {"containers": [mounted], "volumes": [volume]}, ["app"])
    cluster.pod("waiting", {"containers": [{"name": "app", "env": [env("AUTH")]}]}, [])
    cluster.pod("stranger", {"containers": [{"name": "app"}]}, ["app"])
    cluster.files = {
        ("named", "app"): {"/proc/1/environ": b"A=1\0AUTH=old value\0"},
        ("prefixed", "app"): {"/proc/1/environ": b"P_key=new value\0"},
        ("projected", "app"): {"/m/key": b"new value"},
    }
    result = report(cluster, {"secret": "auth", "key": "key", "check_consumers": True})
    assert [place["group"] for place in result["locations"]] == [1, 2, 1, 1]
    assert [one["location"] for one in result["differences"]] == ["pod default/named, container app, variable AUTH"]


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({"/proc/self/environ": b"AUTH=value\0"}, "present"),
        ({"/proc/1/environ": b"postgres: idle", "/proc/self/environ": b"AUTH=value\0"}, "present"),
        ({"/proc/1/environ": b"", "/proc/self/environ": b"OTHER=value\0"}, "missing"),
        # A shell that started the application and waits for it.
        ({**SHELL, "/proc/1/task/1/children": b"7 ", "/proc/7/environ": b"AUTH=value\0"}, "present"),
        ({**SHELL, "/proc/1/task/1/children": b"7 ", "/proc/7/environ": b"B=1\0", "/proc/7/task/7/children": b"9 ", "/proc/9/environ": b"AUTH=value\0"},
         "present"),
        ({**SHELL, "/proc/1/task/1/children": b"7 ", "/proc/7/environ": b"OTHER=value\0"}, "missing"),
        ({**SHELL, "/proc/1/task/1/children": b""}, "missing"),
        ({**SHELL, "/proc/1/comm": b"node\n"}, "missing"),
        ({**SHELL, "/proc/1/task/1/children": b"7 ", "/proc/7/environ": None}, "unknown"),
        ({**SHELL, "/proc/1/comm": b"node\n", "/proc/1/task/1/children": b"7 ", "/proc/7/environ": None}, "missing"),
        (SHELL, "unknown"),
        (None, "unknown"),
    ],
)
def test_what_a_container_has(cluster, files, state):
    cluster.put("Deployment", "web", {"spec": {"selector": {"matchLabels": {"app": "web"}}}})
    cluster.pod("web-1", {"containers": [{"name": "app", "env": [env("AUTH")]}]}, ["app"], labels={"app": "web"})
    if files is not None:
        cluster.files["web-1", "app"] = files
    result = report(cluster, {"workload": "Deployment/web", "env": "AUTH"})
    assert [place["state"] for place in result["locations"]] == [state]


def test_a_shared_process_namespace_has_another_process_1(cluster):
    cluster.put("Secret", "auth", secret(key=b"x"))
    cluster.pod("p", {"shareProcessNamespace": True, "containers": [{"name": "app", "env": [env("AUTH")]}]}, ["app"])
    cluster.files["p", "app"] = {"/proc/1/environ": b"AUTH=of the pause container\0", "/proc/self/environ": b"AUTH=x\0"}
    assert report(cluster, {"secret": "auth", "key": "key", "check_consumers": True})["equal"]


def test_a_variable_that_only_an_entrypoint_sets_is_found_where_it_is(cluster):
    cluster.put("Deployment", "web", {"spec": {"selector": {"matchLabels": {"app": "web"}}}})
    spec = {"containers": [{"name": "app", "envFrom": [{"configMapRef": {"name": "c"}}]}, {"name": "other", "envFrom": [{}]}, {"name": "daprd"}]}
    cluster.pod("web-1", spec, ["app", "other", "daprd"], labels={"app": "web"})
    cluster.files = {("web-1", "app"): {"/proc/1/environ": b"AUTH=x\0"}, ("web-1", "other"): {"/proc/1/environ": b"", "/proc/self/environ": b""}}
    result = report(cluster, {"workload": "Deployment/web", "env": "AUTH"})
    assert result["equal"]
    assert [place["location"] for place in result["locations"]] == ["pod default/web-1, container app, variable AUTH"]


def test_the_prefix_of_all_keys_at_once_decides_who_may_have_a_variable(cluster):
    cluster.put("Deployment", "web", {"spec": {"selector": {"matchLabels": {"app": "web"}}}})
    prefixed = {"name": "other", "envFrom": [{"prefix": "DB_", "secretRef": {"name": "db"}}]}
    cluster.pod("web-1", {"containers": [{"name": "app"}, prefixed]}, ["app", "other"], labels={"app": "web"})
    cluster.files = {("web-1", "app"): {"/proc/1/environ": b"AUTH=x\0"}, ("web-1", "other"): {"/proc/1/environ": b"DB_HOST=y\0"}}
    result = report(cluster, {"workload": "Deployment/web", "env": "AUTH"})
    assert [place["location"] for place in result["locations"]] == ["pod default/web-1, container app, variable AUTH"]
    result = report(cluster, {"workload": "Deployment/web", "env": "DB_HOST"})
    assert [place["location"] for place in result["locations"]] == ["pod default/web-1, container other, variable DB_HOST"]


@pytest.mark.parametrize(
    ("workload", "words"),
    [
        ("web", "is not one of Deployment, StatefulSet, DaemonSet with a name"),
        ("Deployment/nobody", "there is no Deployment nobody in namespace default"),
        ("Deployment/idle", "has no running container to read AUTH from"),
    ],
)
def test_a_workload_that_can_not_be_read(cluster, workload, words):
    cluster.put("Deployment", "idle", {"spec": {"selector": {"matchLabels": {"app": "idle"}}}})
    with pytest.raises(RunbookError, match=words):
        report(cluster, {"workload": workload, "env": "AUTH"})


@pytest.mark.parametrize("verb", ["get", "create"])
def test_a_missing_permission_for_exec_is_named(cluster, verb):
    cluster.forbidden.add((verb, "exec"))
    cluster.put("Secret", "auth", secret(key=b"x"))
    cluster.pod("p", {"containers": [{"name": "app", "env": [env("AUTH")]}]}, ["app"])
    with pytest.raises(RunbookError, match=f"Not allowed to {verb} pods/exec in namespace default"):
        report(cluster, {"secret": "auth", "key": "key", "check_consumers": True})
