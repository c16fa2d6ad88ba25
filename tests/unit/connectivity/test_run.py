# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module with an in-memory API server and simulated containers."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity import container
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.options import ProbeOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.run import run
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from connectivity_data import METADATA, cluster_of, pod

OPTIONS = {
    "namespace": "default", "workloads": [{"kind": "Deployment", "name": "backend"}], "container": None, "all_pods": False, "publish": None,
    "timeout": 5, "targets": None, "database": None, "dapr": None,
}  # fmt: skip
PUBLISH = {"pubsub": "pubsub", "topic": "probe", "data": None, "allow_subscribed": False}


class Containers:
    """What is run in containers: ``programs`` are the existing ones, ``outcomes`` what any of them does instead of answering."""

    def __init__(self):
        self.ran, self.programs, self.outcomes, self.published = [], {"python3"}, [], 204

    def execute(self, _cluster, name, _namespace, _container, command, stdin, timeout):
        self.ran.append((name, command[0]))
        for outcome in self.outcomes:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
        if command[0] not in self.programs:
            return Execution(127, b"", b"")
        task = json.loads(stdin)
        assert timeout == len(task["requests"]) * 5 + container.STARTUP_TIME
        answers = [self._answer(request) for request in task["requests"]]
        return Execution(0, f"noise {task['marker']}{json.dumps(answers)}{task['marker']}".encode(), b"warning")

    def _answer(self, request):
        if request["method"] == "POST":
            return {"status": self.published, "body": ""} if self.published else {"failure": "timed_out", "detail": ""}
        return {"status": 200, "body": json.dumps(METADATA)} if request["path"].endswith("metadata") else {"status": 204, "body": ""}


@pytest.fixture(name="containers")
def simulated(monkeypatch):
    containers = Containers()
    monkeypatch.setattr(container, "execute", containers.execute)
    return containers


def probe(cluster=None, check_mode=False, **options):
    return run(cluster or cluster_of(pod("a", "rs")), ProbeOptions.of({**OPTIONS, **options}), check_mode)


def test_one_command_reads_everything(containers):
    result = probe()
    assert result["healthy"] and not result["changed"] and result["problems"] == [] and "published" not in result
    (workload,) = result["workloads"]
    assert {key: value for key, value in workload.items() if key not in ("dapr", "connections", "node")} == {
        "kind": "Deployment", "name": "backend", "pod": "a", "container": "app", "program": "python",
    }  # fmt: skip
    assert workload["dapr"]["app_id"] == "backend"
    assert containers.ran == [("a", "python3")]


def test_programs_are_tried_in_order(containers):
    containers.programs = {"node"}
    assert probe()["workloads"][0]["program"] == "node"
    assert containers.ran == [("a", "python3"), ("a", "python"), ("a", "node")]


def test_several_workloads_and_all_their_pods(containers):
    cluster = cluster_of(pod("a", "rs"), pod("b", "rs"), pod("w", "sts"))
    workloads = [*OPTIONS["workloads"], {"kind": "StatefulSet", "name": "worker"}]
    assert [one["pod"] for one in probe(cluster, workloads=workloads)["workloads"]] == ["a", "w"]
    assert [one["pod"] for one in probe(cluster, workloads=workloads, all_pods=True)["workloads"]] == ["a", "b", "w"]


def test_publishing(containers):
    result = probe(publish=PUBLISH)
    assert result["changed"] and result["healthy"]
    assert result["published"] == {"pubsub": "pubsub", "topic": "probe", "workload": "Deployment/backend", "status": 204}
    assert len(containers.ran) == 2


def test_publishing_in_check_mode_sends_nothing(containers):
    result = probe(publish=PUBLISH, check_mode=True)
    assert result["changed"] and "published" not in result
    assert result["would_publish"] == {"pubsub": "pubsub", "topic": "probe", "workload": "Deployment/backend"}
    assert len(containers.ran) == 1


@pytest.mark.parametrize(("status", "changed"), [(500, False), (None, True)])
def test_event_that_is_not_accepted_is_a_problem(containers, status, changed):
    containers.published = status
    result = probe(publish=PUBLISH)
    assert (result["changed"], result["healthy"], result["published"]["status"]) == (changed, False, status)
    assert len(result["problems"]) == 1


@pytest.mark.parametrize("check_mode", [False, True])
def test_topic_with_a_subscriber_is_refused_before_publishing(containers, check_mode):
    with pytest.raises(RunbookError, match="publish.topic"):
        probe(publish={**PUBLISH, "topic": "tasks"}, check_mode=check_mode)
    assert len(containers.ran) == 1


def test_event_may_be_published_if_the_connection_is_lost(containers, monkeypatch):
    def lost(*arguments):
        if len(containers.ran) == 1:
            containers.outcomes = [Unreachable("it broke.")]
        return containers.execute(*arguments)

    monkeypatch.setattr(container, "execute", lost)
    with pytest.raises(RunbookError, match=r"it broke\. The event may have been published") as failed:
        probe(publish=PUBLISH)
    assert failed.value.facts["changed"] is True


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Execution(None, b"", b"", 'exec: "python3": executable file not found in $PATH'), r"no program that can send .*python3 \(not found\), python"),
        (Execution(1, b"", b"Traceback\nImportError: x"), r"python3 \(ImportError: x\).*sh \(ImportError: x\)\. Name a container with"),
        (Execution(None, b"", b"", "the connection ended without a status"), r"python3 \(the connection ended without a status\)"),
        (ApiError("cannot get pods/exec", 403, "Forbidden"),
         "Not allowed to get and create pods/exec in namespace default, which is needed to run a program in"),
        (ApiError("container not found", 500, ""), "no program can be run: container not found"),
        (TimeoutError("late"), "python3 did not finish within 30 s"),
    ],
)
def test_containers_without_a_program_or_connection(containers, outcome, words):
    containers.outcomes = [outcome]
    with pytest.raises(RunbookError, match=words):
        probe()


@pytest.mark.parametrize(("kind", "plural"), [("Deployment", "deployments"), ("ReplicaSet", "replicasets"), ("Pod", "pods")])
def test_missing_permission_is_named(kind, plural):
    cluster = cluster_of(pod("a", "rs"), forbidden={("list", kind)})
    with pytest.raises(RunbookError, match=f"Not allowed to list {plural} in namespace default, which is needed to find the pods") as failed:
        probe(cluster)
    assert failed.value.facts["missing_permissions"] == [f"list {plural} in namespace default"]


@pytest.mark.parametrize(
    ("options", "words"), [({"workloads": []}, "workloads must not be empty"), ({"timeout": 0}, "timeout must be at least 1 second, got 0")]
)
def test_invalid_options(options, words):
    with pytest.raises(RunbookError, match=words):
        probe(**options)
