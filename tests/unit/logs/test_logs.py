# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which containers are read, and what is reported of their logs."""

from __future__ import annotations

import shlex
from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.logs.observe import SEARCHED, observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.logs.options import LogOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.logs.report import report
from workload_objects import at, pod

PARAMS = {"namespace": "default", "workloads": None, "label_selector": None, "container": None, "previous": False, "lines": 50, "since_seconds": None,
          "pattern": None}  # fmt: skip
WEB = [{"kind": "Deployment", "name": "web"}]


def options(**params) -> LogOptions:
    return LogOptions.of({**PARAMS, **params})


def web_pod(name="web-new-1", created=0, containers=("daprd", "app"), **more) -> dict:
    made = pod(name, containers=[{"name": container, "image": "x"} for container in containers], **more)
    made["metadata"]["creationTimestamp"] = at(created)
    made["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web-new", "uid": "u", "controller": True}]
    return made


class Cluster:
    """Pods, and the answer to every request for a log."""

    server = "https://192.0.2.1"

    def __init__(self, *pods, log=b"one\ntwo\n", status=None, forbidden=()):
        self.pods, self.log, self.status, self.forbidden, self.requests, self.selectors = pods, log, status, forbidden, [], []

    def list(self, _kind, _namespace, **selectors):
        self.selectors.append(selectors)
        if "list" in self.forbidden:
            raise ApiError("forbidden", 403, "Forbidden")
        return list(self.pods)

    def request(self, _method, path, query_params):
        self.requests.append((path, dict(query_params)))
        if self.status:
            raise ApiError("GET x: previous terminated container not found", self.status, "", api_message="previous terminated container not found")
        return SimpleNamespace(stream=lambda _size: iter([self.log]), close=lambda: None)


def test_the_applications_own_container_of_each_pod():
    cluster = Cluster(web_pod(), web_pod("web-new-2", 5), pod("other", owner=None))
    logs = observe(cluster, options(workloads=WEB, lines=1))
    assert [(log.target.pod, log.target.container, log.lines) for log in logs] == [("web-new-2", "app", ("two",)), ("web-new-1", "app", ("two",))]
    assert cluster.requests[0][1] == {"container": "app", "tailLines": 1, "previous": "false"}


def test_named_container_previous_run_and_time():
    cluster = Cluster(web_pod())
    observe(cluster, options(workloads=WEB, container="daprd", previous=True, since_seconds=60))
    assert cluster.requests[0][1] == {"container": "daprd", "tailLines": 50, "previous": "true", "sinceSeconds": 60}


def test_pattern_is_searched_in_more_lines_than_are_returned():
    cluster = Cluster(web_pod(), log=b"a 1\nb\na 2\n")
    (log,) = observe(cluster, options(workloads=WEB, pattern="^a", lines=1))
    assert (log.lines, log.matches) == (("a 2",), 2) and cluster.requests[0][1]["tailLines"] == SEARCHED


def test_label_selector_is_left_to_the_api_server():
    cluster = Cluster(pod("bare", owner=None, containers=[{"name": "app", "image": "x"}]))
    (log,) = observe(cluster, options(label_selector="app=web"))
    assert log.target.pod == "bare" and cluster.selectors == [{"label_selector": "app=web"}]


def test_only_the_newest_pods_are_read():
    cluster = Cluster(*(web_pod(f"web-new-{number}", number) for number in range(30)))
    logs = observe(cluster, options(workloads=WEB))
    assert [log.target.pod for log in logs] == [f"web-new-{number}" for number in range(29, 9, -1)]


def test_preferred_container_of_the_annotation():
    made = web_pod(containers=("app", "main"))
    made["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "main"}
    assert observe(Cluster(made), options(workloads=WEB))[0].target.container == "main"


def test_a_log_that_cannot_be_read_is_reported():
    (log,) = observe(Cluster(web_pod(), status=400), options(workloads=WEB, previous=True))
    assert log.problem == "previous terminated container not found"
    assert report([log], options(workloads=WEB, previous=True))["summary"][0] == (
        "Pod web-new-1, container app, previous run: previous terminated container not found."
    )


def test_a_log_that_is_gone_is_empty():
    (log,) = observe(Cluster(web_pod(), log=b"unable to retrieve container logs for docker://1"), options(workloads=WEB))
    assert log.lines == () and "the log is empty" in report([log], options(workloads=WEB))["summary"][0]


@pytest.mark.parametrize(("cluster", "words"), [
    (Cluster(web_pod(), forbidden=["list"]), "Not allowed to list pods in namespace default"),
    (Cluster(web_pod(), status=403), "Not allowed to get pods/log in namespace default"),
])  # fmt: skip
def test_missing_permission_is_named(cluster, words):
    with pytest.raises(RunbookError, match=words):
        observe(cluster, options(workloads=WEB))


@pytest.mark.parametrize(("params", "words"), [
    ({"workloads": [{"kind": "Deployment", "name": "wbe"}]}, "workloads: Deployment wbe has no pods, .*With pods: Deployment web"),
    ({"workloads": WEB, "container": "nginx"}, "container: pod web-new-1 has no container nginx. It has daprd, app"),
])  # fmt: skip
def test_what_does_not_exist_is_refused(params, words):
    with pytest.raises(RunbookError, match=words):
        observe(Cluster(web_pod()), options(**params))


def test_a_selector_without_pods_is_refused():
    with pytest.raises(RunbookError, match="label_selector: app=x matches no pod in namespace default"):
        observe(Cluster(), options(label_selector="app=x"))


@pytest.mark.parametrize(("params", "words"), [
    ({"lines": 0}, "lines must be from 1 to 2000, got 0"), ({"lines": 2001}, "lines must be"), ({"since_seconds": 0}, "since_seconds must be at least 1"),
    ({"workloads": []}, "workloads must not be empty"), ({"pattern": "a("}, r"pattern is not a valid regular expression: missing .* at character 2"),
])  # fmt: skip
def test_options_that_are_not_usable_are_refused(params, words):
    with pytest.raises(RunbookError, match=words):
        options(**params)


def test_command_that_follows():
    chosen = options(workloads=WEB, pattern="it's", lines=5, kubeconfig="/home/me/my config", context="minikube")
    logs = observe(Cluster(web_pod(), web_pod("web-new-2")), chosen)
    (command,) = report(logs, chosen)["follow_commands"]
    before, search = command.split(" | ")
    assert shlex.split(before) == ["kubectl", "--kubeconfig=/home/me/my config", "--context=minikube", "-n", "default", "logs", "-f", "--tail=5",
                                   "deployment/web", "-c", "app"]  # fmt: skip
    assert shlex.split(search) == ["grep", "--line-buffered", "-E", "it's"]


def test_a_kubeconfig_that_is_no_path_is_not_in_the_command():
    chosen = options(label_selector="app=web", kubeconfig={"users": [{"user": {"token": "secret"}}]})
    (command,) = report(observe(Cluster(web_pod()), chosen), chosen)["follow_commands"]
    assert "secret" not in command and "-l app=web --prefix" in command


def test_summary_of_matching_lines():
    chosen = options(workloads=WEB, pattern="o", lines=1)
    result = report(observe(Cluster(web_pod()), chosen), chosen)
    assert result["summary"][:2] == ["Pod web-new-1, container app: the last 1 of 2 lines that match", "  two"] and result["matches"] == 2
