# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Problems of one pod's sidecar."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr import sidecars
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.crash_log import last_error
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecars import (
    ProbeResult,
    find_problem,
    is_crashing,
    is_running,
    is_starting,
    needs_probe,
    pods_with_dapr,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.trust_bundle import TrustBundle, read_bundle
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads import daprd
from dapr_objects import CA, NOW, OTHER_CA, at, pod, running, status, waiting

BUNDLE = read_bundle(CA.secret(), CA.configmap())
UNREADY = status("daprd", running())
BACK_OFF = status("daprd", waiting("CrashLoopBackOff"), restarts=4, last={"terminated": {"reason": "Error", "exitCode": 1}})


def category(subject, probe=None, log="", bundle=BUNDLE):
    problem = find_problem(subject, bundle, NOW, probe, log)
    return problem and problem.category


def test_healthy_sidecar_has_no_problem():
    assert category(pod()) is None


def test_missing_sidecar_is_reported():
    assert category(pod(sidecar=False)) == sidecars.SIDECAR_MISSING


def test_native_sidecar_counts():
    subject = pod()
    native = {**subject["spec"]["containers"].pop(), "restartPolicy": "Always"}
    subject["spec"]["initContainers"] = [native]
    subject["status"]["initContainerStatuses"] = [subject["status"]["containerStatuses"].pop()]
    assert category(subject) is None


def test_anchors_that_do_not_validate_the_issuer_are_old():
    assert category(pod(anchors=OTHER_CA.anchors)) == sidecars.OLD_CA
    assert category(pod(anchors=OTHER_CA.anchors + CA.anchors)) is None


def test_incomplete_bundle_is_not_compared():
    assert category(pod(anchors=OTHER_CA.anchors), bundle=TrustBundle(False, False)) is None


def test_sidecar_without_an_answer_is_stuck():
    problem = find_problem(pod(daprd=UNREADY), BUNDLE, NOW, ProbeResult(daprd.STUCK, "daprd does not answer"))
    assert problem.category == sidecars.DAPRD_STUCK and "the kubelet does not restart it" in problem.evidence


@pytest.mark.parametrize(("listens", "expected"), [(False, sidecars.APP_NOT_LISTENING), (True, sidecars.DAPRD_UNREADY), (None, sidecars.DAPRD_UNREADY)])
def test_unready_sidecar_depends_on_its_application(listens, expected):
    assert category(pod(daprd=UNREADY), ProbeResult(daprd.NOT_READY, "HTTP status 500", listens)) == expected


@pytest.mark.parametrize(("health", "since"), [(daprd.READY, -600), (daprd.UNREACHABLE, -50)])
def test_ready_sidecar_or_one_that_just_started_has_no_problem(health, since):
    assert category(pod(daprd=status("daprd", running(since))), ProbeResult(health)) is None


def test_sidecar_that_accepts_no_connections_for_longer_than_its_probes_allow_is_reported():
    problem = find_problem(pod(daprd=UNREADY), BUNDLE, NOW, ProbeResult(daprd.UNREACHABLE))
    assert problem.category == sidecars.DAPRD_SILENT and "longer than its probes allow" in problem.evidence and "kubectl logs" in problem.next_step
    patient = pod(daprd=UNREADY)
    patient["spec"]["containers"][1]["livenessProbe"] = {"initialDelaySeconds": 3, "periodSeconds": 6, "failureThreshold": 200}
    assert category(patient, ProbeResult(daprd.UNREACHABLE)) is None


def test_refused_component_needs_manual_action():
    log = 'time="x" level=fatal msg="Fatal error from runtime: process component pubsub error: [INIT_COMPONENT_FAILURE]: no such type"'
    problem = find_problem(pod(daprd=BACK_OFF), BUNDLE, NOW, None, log)
    assert problem.category == sidecars.COMPONENT_REFUSED and "process component pubsub" in problem.evidence and "Correct the component" in problem.next_step


# As Dapr 1.16 logged it: Sentry refuses a sidecar whose Configuration it does not find.
NO_CONFIGURATION = (
    'level=fatal msg="Fatal error from runtime: failed to retrieve the initial identity: error from sentry SignCertificate: rpc error: '
    'code = PermissionDenied desc = failed to get configuration\\nno X509 SVID available" app_id=noconfig'
)
CONFIGURATION = 'level=fatal msg="Fatal error from runtime: error loading configuration: configuration nosuch not found"'


@pytest.mark.parametrize(
    ("log", "reason", "expected", "words"),
    [('level=fatal msg="failed to retrieve the initial identity certificate"', "Error", sidecars.DAPRD_CRASHED, "identity certificate"),
     ('level=fatal msg="Fatal error from runtime: error loading configuration: dial tcp: i/o timeout"', "Error", sidecars.DAPRD_CRASHED, "i/o timeout"),
     (NO_CONFIGURATION, "Error", "configuration_missing", "failed to get configuration"),
     (CONFIGURATION, "Error", "configuration_missing", "configuration nosuch not found"),
     ('level=fatal msg="process component kubernetes error: open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file"', "Error",
      "service_account_token_missing", "serviceaccount/token"),
     ("", "OOMKilled", "out_of_memory", "killed for exceeding its memory limit"),
     ("panic: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x1d", "Error", "daprd_crash_unknown", "panic: index out of range"),
     ("one\ntwo\nthree\nfour\n", "Error", "daprd_crash_unknown", "two | three | four"), ("", "Error", "daprd_crash_unknown", "exit code 1")],
)  # fmt: skip
def test_only_a_known_crash_is_fixed_by_a_new_pod(log, reason, expected, words):
    crashed = status("daprd", waiting("CrashLoopBackOff"), restarts=4, last={"terminated": {"reason": reason, "exitCode": 1}})
    problem = find_problem(pod(daprd=crashed), BUNDLE, NOW, None, log)
    assert problem.category == expected and words in problem.evidence and ".go:" not in problem.evidence
    assert bool(problem.next_step) == (expected in sidecars.MANUAL)


def test_log_of_a_restarted_sidecar_counts():
    again = status("daprd", running(-5), restarts=2, last={"terminated": {"reason": "Error", "exitCode": 1}})
    refused = "level=fatal msg=\"process component pubsub error\""
    assert category(pod(daprd=again), ProbeResult(daprd.UNREACHABLE), refused) == sidecars.COMPONENT_REFUSED
    assert category(pod(daprd=again), ProbeResult(daprd.NOT_READY, "HTTP status 500", True), refused) == sidecars.COMPONENT_REFUSED
    assert category(pod(daprd=again), ProbeResult(daprd.STUCK, "no answer"), refused) == sidecars.DAPRD_STUCK


def test_sidecar_that_just_started_has_no_problem():
    assert category(pod(daprd=status("daprd", running(-5))), ProbeResult(daprd.NOT_READY, "HTTP status 500", True)) is None


def test_name_conflict_is_broken_and_missing_image_unusable():
    conflict = status("daprd", waiting("CreateContainerError", 'Conflict. The container name "x" is already in use'))
    assert category(pod(daprd=conflict)) == sidecars.DAPRD_BROKEN
    assert category(pod(daprd=status("daprd", waiting("ErrImageNeverPull", "x")))) == sidecars.DAPRD_UNUSABLE


@pytest.mark.parametrize(
    ("script", "expected"),
    [("until nc -z localhost 3500; do sleep 1; done", sidecars.INIT_DEADLOCK), ("wget http://127.0.0.1:3500/v1.0/healthz", sidecars.INIT_DEADLOCK),
     ("until nc -z dapr-api.dapr-system 80; do sleep 1; done", sidecars.INIT_WAITING)],
)  # fmt: skip
def test_waiting_init_container_depends_on_what_it_waits_for(script, expected):
    init = ({"name": "wait", "command": ["sh", "-c", script]}, status("wait", running()))
    subject = pod(init=init, ready=False, daprd=status("daprd", waiting("PodInitializing")))
    assert category(subject) == expected


def test_active_pods_with_the_annotation_count():
    other, ended, terminating = (copy.deepcopy(pod()) for _number in range(3))
    other["metadata"]["annotations"] = {}
    ended["status"]["phase"] = "Succeeded"
    terminating["metadata"]["deletionTimestamp"] = "2025-03-01T12:00:00Z"
    assert len(pods_with_dapr([pod(), other, ended, terminating])) == 1


def test_only_a_young_pod_without_problems_is_starting():
    starting = status("daprd", waiting("ContainerCreating"))
    assert is_starting(pod(daprd=starting, ready=False, age=10), BUNDLE, NOW)
    assert not is_starting(pod(daprd=starting, ready=False, age=90), BUNDLE, NOW)
    assert not is_starting(pod(sidecar=False, ready=False, age=10), BUNDLE, NOW)
    assert not is_starting(pod(daprd=starting, ready=False, age=10, anchors=OTHER_CA.anchors), BUNDLE, NOW)


@pytest.mark.parametrize(("lost", "expected"), [(-30, True), (-20, True), (-5, False)])
def test_pod_that_was_ready_is_not_starting(lost, expected):
    subject = pod(daprd=status("daprd", running(since=-20)), ready=False, age=30)
    subject["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": at(lost)}]
    assert is_starting(subject, BUNDLE, NOW) is expected


def test_which_pods_are_probed_and_whose_log_is_read():
    assert needs_probe(pod(daprd=UNREADY)) and not needs_probe(pod()) and not needs_probe(pod(daprd=BACK_OFF))
    assert is_crashing(pod(daprd=BACK_OFF)) and not is_crashing(pod(daprd=UNREADY))
    assert is_running(pod()) and not is_running(pod(daprd=BACK_OFF)) and not is_running(pod(sidecar=False))


def test_fatal_error_of_a_log_takes_precedence():
    log = 'level=info msg="starting"\nlevel=fatal msg="it is \\"this\\""\nlevel=error msg="later"\n'
    assert last_error(log) == 'it is "this"' and last_error("plain words\n") == "plain words" and last_error("") == ""
    as_json = '{"level":"error","msg":"it \\"failed\\""}'
    assert last_error(as_json) == 'it "failed"'
