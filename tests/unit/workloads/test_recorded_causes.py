# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Failed rollouts as the API server of a Minikube showed them (recorded.json), and the causes that are named for them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.causes.container_issue import issue_start_times
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.explain import failure_message
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.fields import last_seen
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.logs import printable, refined
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import COMPLETE, FAILED, Observation, WaitOptions, Workload
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.status import evaluate, time_out

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())


def observed(name: str, objects: list[dict] | None = None) -> tuple[Observation, datetime]:
    """A recorded Deployment, and a moment after everything in it."""
    kinds: dict[str, dict[str, dict]] = defaultdict(dict)
    events: dict[str, list] = defaultdict(list)
    for obj in objects or RECORDED[name]:
        kinds[obj["kind"]][obj["metadata"]["name"]] = obj
        if obj["kind"] == "Event":
            events[obj["involvedObject"]["uid"]].append(obj)
    (deployment,) = kinds["Deployment"].values()
    created = datetime.fromisoformat(deployment["metadata"]["creationTimestamp"])
    times = issue_start_times(list(kinds["Pod"].values()), events, {}, created)
    now = max([created + timedelta(seconds=60), *map(last_seen, kinds["Event"].values())])
    return Observation("shop", (Workload("Deployment", deployment["metadata"]["name"]),), created, dict(kinds), times), now


def status_of(name: str, **options):
    observation, now = observed(name)
    return evaluate(observation, now, WaitOptions(**options)).workloads[0]


@pytest.mark.parametrize(
    ("name", "category", "words"),
    [
        ("poststart", "hook_failed", "is killed because its postStart hook fails"),
        ("subpath-file", "mount_failed", "one of its mounts does not fit the path in its image"),
        ("long-name", "pod_invalid", "its ReplicaSet cannot be created: the API server rejected them"),
        ("emptydir-limit", "evicted", 'Usage of EmptyDir volume "d" exceeds the limit "5Mi"'),
        ("ephemeral-unready", "evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 5Mi"),
        ("deleting", "deleting", "is being deleted"),
        ("hostport-update", "host_port_taken", "strategy.type: Recreate"),
        ("live-kill", "killed_by_probe", "is killed because its probe fails"),
        ("always-local", "registry_unreachable", "imagePullPolicy is Always"),
    ],
)
def test_the_cause_is_certain_and_named(name, category, words):
    observation, now = observed(name)
    status = evaluate(observation, now, WaitOptions(unreachable_timeout=20))
    assert status.state == FAILED and status.causes[0].category == category, status
    message = failure_message(status, list(status.causes), "shop", now, None)
    assert words in message and f"Next: {status.causes[0].hint}" in message, message


def test_a_deployment_that_is_being_deleted_is_not_complete_and_names_its_finalizer():
    cause = status_of("deleting").causes[0]
    assert "field.example/keep" in cause.message and cause.since.isoformat() == "2026-11-28T15:58:39+00:00", cause


def test_repeated_evictions_are_counted_and_certain_before_the_timeout():
    status = status_of("ephemeral-unready", unreachable_timeout=100_000, max_restarts=2)
    assert (status.state, status.causes[0].category, status.causes[0].pods) == (FAILED, "evicted", 2)
    assert status_of("emptydir-limit", unreachable_timeout=100_000, max_restarts=2).state != FAILED, "one eviction may be the last"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sched-gate", "is held back by its scheduling gates"),
        ("minready-timeout", "0 of 1 pods available (minReadySeconds: 120 s after a pod is ready)"),
    ],
)
def test_what_is_waited_for_is_named_at_the_timeout(name, words):
    observation, now = observed(name)
    status = time_out(evaluate(observation, now, WaitOptions()), now)
    assert words in failure_message(status, list(status.causes), "shop", now, 60), failure_message(status, list(status.causes), "shop", now, 60)


def changed(name: str, **spec) -> list[dict]:
    """A recorded Deployment whose pods have other values in their spec, and no events."""
    objects = json.loads(json.dumps(RECORDED[name]))
    for pod in (obj for obj in objects if obj["kind"] == "Pod"):
        pod["spec"] = {**pod["spec"], **spec}
        pod["status"] = {"phase": "Pending", "conditions": []}
    return [obj for obj in objects if obj["kind"] != "Event"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"schedulerName": "mine", "nodeName": None, "schedulingGates": []}, "has not been scheduled by mine"),
        ({"nodeName": "gone", "schedulingGates": []}, "is assigned to the node gone, which has not started it"),
    ],
)
def test_a_pod_that_nobody_starts(spec, words):
    observation, now = observed("sched-gate", changed("sched-gate", **spec))
    status = time_out(evaluate(observation, now, WaitOptions()), now)
    assert words in status.causes[0].summary, status


def test_a_pod_with_an_open_readiness_gate_is_named():
    objects = json.loads(json.dumps(RECORDED["minready-timeout"]))
    pod = next(obj for obj in objects if obj["kind"] == "Pod")
    pod["spec"]["readinessGates"] = [{"conditionType": "shop.example/loaded"}]
    observation, now = observed("minready-timeout", objects)
    assert any("waits for its readiness gates shop.example/loaded" in text for text in evaluate(observation, now, WaitOptions()).workloads[0].missing)


def live_pod(failures: int) -> list[dict]:
    """live-kill while its first container runs; the probe (every second, killed at the first failure) has failed or not."""
    objects = json.loads(json.dumps(RECORDED["live-kill"]))
    pod = next(obj for obj in objects if obj["kind"] == "Pod")
    status = pod["status"]["containerStatuses"][0]
    status |= {"state": {"running": {"startedAt": "2026-11-28T15:58:00Z"}}, "lastState": {}, "restartCount": 0, "ready": True, "started": True}
    pod["spec"]["containers"][0]["livenessProbe"] = {"exec": {"command": ["false"]}, "periodSeconds": 10, "failureThreshold": 3}
    deployment = next(obj for obj in objects if obj["kind"] == "Deployment")
    deployment["status"] |= {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}
    probes = [obj for obj in objects if obj["kind"] == "Event" and obj["reason"] == "Unhealthy"][:failures]
    for event in probes:
        event["lastTimestamp"] = "2026-11-28T15:58:10Z"
    return [obj for obj in objects if obj["kind"] != "Event"] + probes


@pytest.mark.parametrize(("failures", "seconds", "complete"), [(0, 5, False), (0, 11, True), (1, 11, False), (1, 39, False), (1, 41, True)])
def test_without_a_readiness_probe_the_liveness_probe_decides(failures, seconds, complete):
    observation, _now = observed("live-kill", live_pod(failures))
    now = datetime.fromisoformat("2026-11-28T15:58:00+00:00") + timedelta(seconds=seconds)
    assert (evaluate(observation, now, WaitOptions(min_ready_seconds=3)).state == COMPLETE) == complete


def crash(name: str = "crlf-entry"):
    return replace(status_of(name, max_restarts=1).causes[0], category="crash")


def test_a_script_with_windows_line_endings():
    cause = refined(replace(crash(), log="[FATAL tini (7)] exec /entry.sh: no such file or directory"))
    assert cause.category == "interpreter_not_found" and "CRLF" in cause.hint
    assert refined(replace(crash(), log="open config: no such file or directory")).category == "crash"


def test_exit_code_137_with_a_memory_limit_names_the_possibility():
    objects = json.loads(json.dumps(RECORDED["crlf-entry"]))
    pod = next(obj for obj in objects if obj["kind"] == "Pod")
    for state in ("state", "lastState"):
        pod["status"]["containerStatuses"][0][state] = {"terminated": {"exitCode": 137, "reason": "Error", "finishedAt": "2026-11-28T15:58:25Z"}}
    observation, now = observed("crlf-entry", objects)
    assert "memory limit" not in evaluate(observation, now, WaitOptions(max_restarts=1)).causes[0].hint
    pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "64Mi"}}
    assert "memory limit (64Mi)" in evaluate(observation, now, WaitOptions(max_restarts=1)).causes[0].hint


def test_a_log_is_bounded_and_its_control_characters_are_visible():
    assert printable("\x1b[31mred\x1b[0m\ttab\r\n\x07") == "\\x1b[31mred\\x1b[0m\ttab\n\\x07"
    line = printable("x" * 400_000 + "\nend")
    assert line.endswith("more characters)\nend") and len(line) < 700
    assert printable("plain\n  text é 🚀") == "plain\n  text é 🚀"
