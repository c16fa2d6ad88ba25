# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each client asks before it writes, and only then; nothing is sent where the answer is no."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import direct, pod
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.address import address_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import Limits, Statement
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.client import Engine
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.containerd_node import ContainerdNode
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.write_guard import WRITES, CheckModeGuard

OBJECT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}}
IMAGES = {"images": [{"id": "sha256:aa", "repoTags": ["docker.io/library/api:1"], "repoDigests": []}]}


class Refusing:
    """A guard that refuses all writes, and counts what reads ask."""

    def __init__(self):
        self.reads = 0

    def before_write(self):
        raise RunbookError("not any more")

    def while_reading(self):
        self.reads += 1


@pytest.fixture(autouse=True)
def guard():
    refusing = Refusing()
    WRITES.use(refusing)
    yield refusing
    WRITES.use()


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def cluster(sent) -> Cluster:
    def request(method, path, **_options):
        sent.append(f"{method} {path}")
        body = json.dumps({"items": [], "metadata": {"resourceVersion": "1"}, "status": {"allowed": True}}).encode()
        return SimpleNamespace(read=lambda: body, headers={})

    return Cluster(SimpleNamespace(configuration=SimpleNamespace(host="https://192.0.2.1:8443"), request=request))


@pytest.mark.parametrize("write", [
    lambda cluster: cluster.create("Secret", OBJECT, "n"), lambda cluster: cluster.replace("Secret", "c", OBJECT, "n"),
    lambda cluster: cluster.patch("Secret", "c", {}, "n"), lambda cluster: cluster.delete("Pod", "p", "n"),
    lambda cluster: cluster.evict("p", "n", "uid"), lambda cluster: cluster.apply_object(OBJECT, field_manager="m"),
], ids=["create", "replace", "patch", "delete", "evict", "apply"])  # fmt: skip
def test_a_write_to_the_cluster(cluster, sent, write):
    with pytest.raises(RunbookError, match="not any more"):
        write(cluster)
    assert sent == []


def test_check_mode_writes_nothing_whatever_a_module_does(cluster, sent):
    WRITES.use(CheckModeGuard())
    with pytest.raises(RunbookError, match="about to write in check mode"):
        cluster.patch("Secret", "c", {}, "n")
    assert sent == [] and cluster.list("Pod", "n") == []


@pytest.mark.parametrize("read", [
    lambda cluster: cluster.list("Pod", "n"), lambda cluster: cluster.get("Pod", "p", "n"), lambda cluster: cluster.can("patch", "Secret", "n"),
    lambda cluster: cluster.apply_object({**OBJECT, "kind": "ConfigMap"}, field_manager="m", dry_run=True),
    lambda cluster: list(cluster.logs("p", "n", "c")),
], ids=["list", "get", "review", "dry run", "logs"])  # fmt: skip
def test_what_stores_nothing_in_the_cluster(monkeypatch, cluster, sent, guard, read):
    monkeypatch.setattr("ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client.warnings_of", lambda _lines: [])
    read(cluster)
    assert len(sent) == guard.reads == 1


@pytest.mark.parametrize("write", [
    lambda engine: engine.pull("a:1"), lambda engine: engine.tag("sha256:aa", "a", "1"), lambda engine: engine.untag("a:1"),
    lambda engine: engine.load([b"x"]), lambda engine: list(engine.build([b"x"])),
], ids=["pull", "tag", "untag", "load", "build"])  # fmt: skip
def test_a_write_to_the_engine(write):
    with pytest.raises(RunbookError, match="not any more"):
        write(Engine(SimpleNamespace(), "The engine", None))


@pytest.mark.parametrize("write", [
    lambda node: node.tag("sha256:aa", "a", "1"), lambda node: node.untag("api:1"), lambda node: node.load([b"x"]),
], ids=["tag", "untag", "load"])  # fmt: skip
def test_a_write_to_containerd(write):
    commands = []
    shell = SimpleNamespace(name="The node", run=lambda *command, stdin=(): commands.append(command) or json.dumps(IMAGES))
    with pytest.raises(RunbookError, match="not any more"):
        write(ContainerdNode(shell))
    assert all(command[:2] == ("crictl", "images") for command in commands)


class Connection:
    """A connection that records what it is told."""

    def __init__(self):
        self.calls = []

    def cursor(self):
        return SimpleNamespace(execute=lambda sql, _parameters=None: self.calls.append("execute"), description=None, rowcount=1)

    def commit(self):
        self.calls.append("commit")

    def close(self):
        self.calls.append("close")


@pytest.mark.parametrize("write", [True, False])
def test_a_transaction_is_committed_only_where_it_may_be(monkeypatch, write):
    connection = Connection()
    monkeypatch.setattr(direct.psycopg2, "connect", lambda **_parameters: connection)
    database = direct.DirectDatabase(address_of("postgresql://u:p@192.0.2.1/app?sslmode=disable", "the URL"), Limits())
    if write:
        with pytest.raises(RunbookError, match="not any more"):
            database.run([Statement("UPDATE t SET a = 1")], write=True)
    else:
        database.run([Statement("SELECT 1")], write=False)
    assert ("commit" in connection.calls) is not write and connection.calls[-1] == "close"


def test_a_transaction_through_a_pod_is_not_started(monkeypatch):
    tasks = []

    def execute(*arguments):
        tasks.append(json.loads(arguments[5]))
        return Execution(0, json.dumps({"results": []}).encode(), b"")

    monkeypatch.setattr(pod, "execute", execute)
    database = pod.PodDatabase(None, "n", "p", "c", "DATABASE_URL", None, Limits())
    with pytest.raises(RunbookError, match="not any more"):
        database.run([Statement("UPDATE t SET a = 1")], write=True)
    assert not any(task["statements"] for task in tasks)
