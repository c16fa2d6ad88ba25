# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A whole run with a simulated API server: outages, expired resource versions, refusals and deletions."""

from __future__ import annotations

import copy
import threading
from datetime import timedelta

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout import run
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.options import RolloutOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads import observe, progress, wait, watch
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import WaitOptions, Workload
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.progress import RolloutProgress
from workload_objects import START, WEB, at, container_status, deployment, meta, pod, replica_set, running, terminated, waiting

READY = pod(statuses=[container_status(state=running(), ready=True)], phase="Running")
STARTING = pod(statuses=[container_status(state=waiting("ContainerCreating"))])
CRASHED = pod(statuses=[container_status(state=waiting("CrashLoopBackOff"), last=terminated("Error", 1), restarts=2)])
PARAMS = {
    "namespace": "default",
    "workloads": [{"kind": "Deployment", "name": "web", "dapr": None}],
    "restart": "never",
    "changed_secrets": [],
    "changed_config_maps": [],
    "image_ids": {},
    "state": "complete",
    "to_revision": 0,
    "history": False,
    "change_cause": "",
    "force_conflicts": False,
    "rollback_on_failure": False,
    "timeout": 5,
    "log_lines": 3,
    **vars(WaitOptions()),
}


def roll_out(cluster, params):
    return run.roll_out(cluster, RolloutOptions.of(params))


def predict(cluster, params):
    return run.predict(cluster, RolloutOptions.of(params))


class SimulatedCluster:
    """Lists its objects; each watch of a kind plays the next of its scripts, then stays silent."""

    def __init__(self, pods, deploy, scripts=None, refused=()):
        self.objects = {"Pod": pods, "Deployment": [deploy], "ReplicaSet": [replica_set()]}
        self.scripts = scripts or {}
        self.refused = refused
        self.calls = []
        self.patched = []

    def now(self):
        return START + timedelta(seconds=10)

    def list_with_version(self, kind, namespace, **_selectors):
        self.calls.append(("list", kind))
        if kind in self.refused:
            raise ApiError("no", 403, "Forbidden")
        return copy.deepcopy(self.objects.get(kind, [])), "1"

    def watch(self, kind, namespace, version, seconds):
        self.calls.append(("watch", kind))
        script = self.scripts.get(kind, [])
        if not script:
            threading.Event().wait(30)
            return
        for step in script.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step[0], copy.deepcopy(step[1])

    def logs(self, name, namespace, container, *, lines, previous):
        self.calls.append(("logs", name, container, lines, previous))
        return "KeyError: 'DATABASE_URL'\n"

    def can(self, verb, kind, namespace, name=None):
        return (verb, kind) not in self.refused

    def patch(self, kind, name, body, namespace, **options):
        self.patched.append((kind, name, body, options))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(watch, "PAUSE", 0.01)


def modified(obj):
    obj = copy.deepcopy(obj)
    obj["metadata"]["resourceVersion"] = "2"
    return "MODIFIED", obj


DONE = {"Pod": [[modified(READY)]], "Deployment": [[modified(deployment(available=1))]]}


def test_complete_workloads_are_listed_but_not_watched():
    cluster = SimulatedCluster([READY], deployment(available=1))
    result = roll_out(cluster, PARAMS)
    assert result["changed"] is False and result["workloads"][0]["pods"][0]["ready"] == "1/1"
    assert cluster.calls == [("list", "Deployment"), ("list", "ReplicaSet"), ("list", "Pod")]


def test_rollout_is_watched_until_complete():
    cluster = SimulatedCluster([STARTING], deployment(), copy.deepcopy(DONE))
    assert roll_out(cluster, PARAMS)["workloads"][0]["state"] == "complete"
    assert [call for call in cluster.calls if call[0] == "list"].count(("list", "Pod")) == 1


def test_progress_is_reported_while_nothing_changes(monkeypatch):
    for module in (wait, progress):
        monkeypatch.setattr(module, "INTERVAL", 0.01)
    lines = []
    with pytest.raises(RunbookError):
        run.roll_out(SimulatedCluster([STARTING], deployment()), RolloutOptions.of({**PARAMS, "timeout": 1}), list, RolloutProgress(lines.append))
    assert lines == ["0 of 1 ready; web: starting"]


@pytest.mark.parametrize("trouble", [Unreachable("gone"), ApiError("too old", 410, "Expired"), ApiError("busy", 503, "ServiceUnavailable")])
def test_broken_watch_is_resumed_after_a_list(trouble):
    cluster = SimulatedCluster([STARTING], deployment(), {"Pod": [[trouble]], "Deployment": [[modified(deployment(available=1))]]})
    cluster.list_with_version = _becoming(cluster.list_with_version, cluster, READY)
    assert roll_out(cluster, PARAMS)["workloads"][0]["state"] == "complete"
    assert cluster.calls.count(("list", "Pod")) == 2


def _becoming(list_with_version, cluster, later):
    def answer(kind, namespace, **selectors):
        found = list_with_version(kind, namespace, **selectors)
        if kind == "Pod":
            cluster.objects["Pod"] = [later]
        return found

    return answer


def test_failure_contains_the_log_of_the_previous_run():
    cluster = SimulatedCluster([STARTING], deployment(), {"Pod": [[modified(CRASHED)]]})
    with pytest.raises(RunbookError) as error:
        roll_out(cluster, PARAMS)
    assert "  | KeyError: 'DATABASE_URL'" in str(error.value) and "exit code 1, 2 restarts" in str(error.value)
    assert error.value.facts["causes"][0]["log"] == "KeyError: 'DATABASE_URL'"
    assert ("logs", "web-new-1", "app", 3, True) in cluster.calls


def test_log_lines_0_reads_no_log():
    cluster = SimulatedCluster([CRASHED], deployment())
    with pytest.raises(RunbookError) as error:
        roll_out(cluster, {**PARAMS, "log_lines": 0})
    assert "KeyError" not in str(error.value) and not [call for call in cluster.calls if call[0] == "logs"]


def test_timeout_reports_missing_pods_and_the_api_outage():
    cluster = SimulatedCluster([STARTING], deployment(), {"Pod": [[Unreachable("nobody at 192.0.2.1")]] * 1000})
    cluster.list_with_version = _away_after_first(cluster.list_with_version)
    with pytest.raises(RunbookError) as error:
        roll_out(cluster, {**PARAMS, "timeout": 4})
    assert "not complete after 4 s" in str(error.value) and "0/1 ready" in str(error.value)
    assert "did not answer: nobody at 192.0.2.1" in str(error.value)


def _away_after_first(list_with_version):
    listed = set()

    def answer(kind, namespace, **selectors):
        if kind in listed:
            raise Unreachable("nobody at 192.0.2.1")
        listed.add(kind)
        return list_with_version(kind, namespace, **selectors)

    return answer


def test_deleted_workload_ends_the_wait():
    cluster = SimulatedCluster([STARTING], deployment(), {"Deployment": [[("DELETED", modified(deployment())[1])]]})
    with pytest.raises(RunbookError, match="Deployment web .*was deleted during the wait"):
        roll_out(cluster, PARAMS)


def test_missing_permission_names_verb_kind_and_purpose():
    with pytest.raises(RunbookError, match="Not allowed to list Pod .*whether the new pods are ready"):
        roll_out(SimulatedCluster([STARTING], deployment(), refused=("Pod",)), PARAMS)
    watching = SimulatedCluster([STARTING], deployment(), {"Event": [[ApiError("no", 403, "Forbidden")]]})
    with pytest.raises(RunbookError, match="Not allowed to watch Event .*report the cause"):
        roll_out(watching, PARAMS)


class Named(SimulatedCluster):
    """Lists no Deployment, but returns those that are requested by name, each time the next state of it."""

    def __init__(self, pods, states, scripts=None, refused=("Deployment",)):
        super().__init__(pods, states[0], scripts, refused)
        self.states = list(states)

    def get(self, kind, name, _namespace):
        self.calls.append(("get", kind, name))
        if ("get", kind) in self.refused:
            raise ApiError("no", 403, "Forbidden")
        return copy.deepcopy(self.states.pop(0) if len(self.states) > 1 else self.states[0])


def test_workloads_are_polled_by_name_if_list_is_forbidden():
    cluster = Named([STARTING], [deployment(), deployment(), deployment(available=1)], {"Pod": [[modified(READY)]]})
    assert roll_out(cluster, PARAMS)["workloads"][0]["state"] == "complete"
    assert cluster.calls.count(("get", "Deployment", "web")) >= 3 and ("watch", "Deployment") not in cluster.calls
    with pytest.raises(RunbookError, match="Not allowed to list Deployment .*or get on those in the option workloads"):
        roll_out(Named([STARTING], [deployment()], refused=("Deployment", ("get", "Deployment"))), PARAMS)


def test_permission_to_list_claims_is_optional():
    cluster = SimulatedCluster([STARTING], deployment(), copy.deepcopy(DONE), refused=("PersistentVolumeClaim",))
    assert roll_out(cluster, PARAMS)["workloads"][0]["state"] == "complete"


def test_restart_uses_its_own_field_manager_after_a_permission_check():
    cluster = SimulatedCluster([READY], deployment(available=1))
    result = roll_out(cluster, {**PARAMS, "restart": "always"})
    ((kind, name, body, options),) = cluster.patched
    assert (kind, name, options) == ("Deployment", "web", {"field_manager": "runbook-rollout"})
    assert list(body["spec"]["template"]["metadata"]["annotations"]) == ["kubectl.kubernetes.io/restartedAt"]
    assert result["changed"] is True and result["actions"] == ["restart Deployment web", "wait until Deployment web is complete"]
    assert result["changes"] == [{"what": "restart", "kind": "Deployment", "name": "web", "message": "restart Deployment web"}]
    refused = SimulatedCluster([READY], deployment(available=1), refused=(("patch", "Deployment"),))
    with pytest.raises(RunbookError, match="Not allowed to patch Deployment web .*Nothing was changed"):
        roll_out(refused, {**PARAMS, "restart": "always"})
    assert refused.patched == []


def test_check_mode_predicts_and_changes_nothing():
    cluster = SimulatedCluster([READY], deployment(available=1))
    result = predict(cluster, {**PARAMS, "restart": "always"})
    assert result["actions"][0] == "restart Deployment web" and cluster.patched == []
    assert "restartedAt: (none)" in result["diff"]["before"]
    absent = {**PARAMS, "workloads": [{"kind": "Deployment", "name": "other", "dapr": None}]}
    assert predict(cluster, absent)["changed"] is False


@pytest.mark.parametrize(
    ("params", "deploy", "message"),
    [
        (
            {"workloads": [{"kind": "Deployment", "name": "api"}]},
            deployment(),
            r"workloads\[0\]: Deployment api does not exist .*Existing: web",
        ),
        ({"workloads": [{"kind": "Deployment", "name": "web"}] * 2}, deployment(), "contains Deployment web twice"),
        ({"restart": "always"}, deployment(paused=True), r"workloads\[0\]: Deployment web is paused"),
        ({"restart": "always"}, deployment(updateStrategy={"type": "OnDelete"}), "would replace no pod"),
    ],
)
def test_invalid_options_are_refused(params, deploy, message):
    with pytest.raises(RunbookError, match=message):
        roll_out(SimulatedCluster([READY], deploy), {**PARAMS, **params})


def test_issue_start_time_is_kept():
    registry = waiting("ErrImagePull", "dial tcp: no such host")
    watcher = observe.WorkloadWatcher(SimulatedCluster([], deployment()), observe.Observation("default", (WEB,), START))
    watcher.observation.objects = {"Pod": {"a": pod(statuses=[container_status(state=registry)])}, "Event": {}}
    watcher.observation.issue_start_times = {("web-new-1", "app", "pull"): START}
    watcher.wait(0)
    assert watcher.observation.issue_start_times == {("web-new-1", "app", "pull"): START}


def test_workload_as_text():
    assert str(Workload("StatefulSet", "db")) == "StatefulSet db" and at(0).endswith("Z") and meta("x")["uid"] == "x"
