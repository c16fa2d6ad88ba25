# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with one pod's sidecar."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr import sidecars
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle, bundle_of
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import Answer, ailment, asking, crashes, is_starting, last_error, runs, to_ask
from dapr_objects import CA, NOW, OTHER_CA, at, pod, running, status, waiting

BUNDLE = bundle_of(CA.secret(), CA.configmap())
UNREADY = status("daprd", running())
BACK_OFF = status("daprd", waiting("CrashLoopBackOff"), restarts=4, last={"terminated": {"reason": "Error", "exitCode": 1}})


def what(subject, answer=None, log="", bundle=BUNDLE):
    told = ailment(subject, bundle, NOW, answer, log)
    return told and told.what


def test_a_good_one_ails_nothing():
    assert what(pod()) is None


def test_one_without_a_sidecar_is_told():
    assert what(pod(sidecar=False)) == sidecars.MISSING


def test_a_native_sidecar_is_one():
    subject = pod()
    native = {**subject["spec"]["containers"].pop(), "restartPolicy": "Always"}
    subject["spec"]["initContainers"] = [native]
    subject["status"]["initContainerStatuses"] = [subject["status"]["containerStatuses"].pop()]
    assert what(subject) is None


def test_anchors_that_do_not_validate_the_issuer_are_old():
    assert what(pod(anchors=OTHER_CA.anchors)) == sidecars.OLD_CA
    assert what(pod(anchors=OTHER_CA.anchors + CA.anchors)) is None


def test_a_bundle_that_is_not_whole_judges_no_anchors():
    assert what(pod(anchors=OTHER_CA.anchors), bundle=Bundle(False, False)) is None


def test_one_that_hangs_is_stuck():
    told = ailment(pod(daprd=UNREADY), BUNDLE, NOW, Answer(sidecars.HANGS, "daprd does not answer"))
    assert told.what == sidecars.STUCK and "nobody restarts it" in told.evidence


@pytest.mark.parametrize(("listens", "expected"), [(False, sidecars.NO_APPLICATION), (True, sidecars.UNREADY), (None, sidecars.UNREADY)])
def test_one_that_is_not_ready_is_judged_by_its_application(listens, expected):
    assert what(pod(daprd=UNREADY), Answer(sidecars.NOT_READY, "HTTP status 500", listens)) == expected


@pytest.mark.parametrize("health", [sidecars.READY, sidecars.GONE])
def test_one_that_gets_ready_or_does_not_listen_yet_is_let_be(health):
    assert what(pod(daprd=UNREADY), Answer(health)) is None


def test_a_component_that_is_refused_needs_a_person():
    log = 'time="x" level=fatal msg="Fatal error from runtime: process component pubsub error: [INIT_COMPONENT_FAILURE]: no such type"'
    told = ailment(pod(daprd=BACK_OFF), BUNDLE, NOW, None, log)
    assert told.what == sidecars.REFUSED_COMPONENT and "process component pubsub" in told.evidence and "Correct the component" in told.next_step


def test_another_crash_is_cured_anew():
    assert what(pod(daprd=BACK_OFF), log='level=fatal msg="failed to retrieve the initial identity certificate"') == sidecars.OUTDATED_CRASH


def test_one_that_has_just_been_started_again_is_judged_by_its_log_too():
    again = status("daprd", running(-5), restarts=2, last={"terminated": {"reason": "Error", "exitCode": 1}})
    refused = "level=fatal msg=\"process component pubsub error\""
    assert what(pod(daprd=again), Answer(sidecars.GONE), refused) == sidecars.REFUSED_COMPONENT
    assert what(pod(daprd=again), Answer(sidecars.NOT_READY, "HTTP status 500", True), refused) == sidecars.REFUSED_COMPONENT
    assert what(pod(daprd=again), Answer(sidecars.HANGS, "no answer"), refused) == sidecars.STUCK


def test_one_that_was_started_a_moment_ago_may_yet_get_ready():
    assert what(pod(daprd=status("daprd", running(-5))), Answer(sidecars.NOT_READY, "HTTP status 500", True)) is None


def test_a_name_that_is_taken_is_broken_and_an_image_that_is_missing_unusable():
    conflict = status("daprd", waiting("CreateContainerError", 'Conflict. The container name "x" is already in use'))
    assert what(pod(daprd=conflict)) == sidecars.BROKEN
    assert what(pod(daprd=status("daprd", waiting("ErrImageNeverPull", "x")))) == sidecars.UNCURABLE


@pytest.mark.parametrize(
    ("script", "expected"),
    [("until nc -z localhost 3500; do sleep 1; done", sidecars.DEADLOCK), ("wget http://127.0.0.1:3500/v1.0/healthz", sidecars.DEADLOCK),
     ("until nc -z dapr-api.dapr-system 80; do sleep 1; done", sidecars.WAITS)],
)  # fmt: skip
def test_an_init_container_that_waits_is_judged_by_what_for(script, expected):
    init = ({"name": "wait", "command": ["sh", "-c", script]}, status("wait", running()))
    subject = pod(init=init, ready=False, daprd=status("daprd", waiting("PodInitializing")))
    assert what(subject) == expected


def test_who_asks_for_a_sidecar_and_counts():
    other, ended, leaving = (copy.deepcopy(pod()) for _number in range(3))
    other["metadata"]["annotations"] = {}
    ended["status"]["phase"] = "Succeeded"
    leaving["metadata"]["deletionTimestamp"] = "2025-03-01T12:00:00Z"
    assert len(asking([pod(), other, ended, leaving])) == 1


def test_only_a_young_one_without_trouble_is_starting():
    starting = status("daprd", waiting("ContainerCreating"))
    assert is_starting(pod(daprd=starting, ready=False, age=10), BUNDLE, NOW)
    assert not is_starting(pod(daprd=starting, ready=False, age=90), BUNDLE, NOW)
    assert not is_starting(pod(sidecar=False, ready=False, age=10), BUNDLE, NOW)
    assert not is_starting(pod(daprd=starting, ready=False, age=10, anchors=OTHER_CA.anchors), BUNDLE, NOW)


@pytest.mark.parametrize(("lost", "expected"), [(-30, True), (-20, True), (-5, False)])
def test_one_that_was_ready_is_not_starting(lost, expected):
    subject = pod(daprd=status("daprd", running(since=-20)), ready=False, age=30)
    subject["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": at(lost)}]
    assert is_starting(subject, BUNDLE, NOW) is expected


def test_who_is_asked_and_whose_log_is_read():
    assert to_ask(pod(daprd=UNREADY)) and not to_ask(pod()) and not to_ask(pod(daprd=BACK_OFF))
    assert crashes(pod(daprd=BACK_OFF)) and not crashes(pod(daprd=UNREADY))
    assert runs(pod()) and not runs(pod(daprd=BACK_OFF)) and not runs(pod(sidecar=False))


def test_the_last_error_of_a_log_is_the_fatal_one():
    log = 'level=info msg="starting"\nlevel=fatal msg="it is \\"this\\""\nlevel=error msg="later"\n'
    assert last_error(log) == 'it is "this"' and last_error("plain words\n") == "plain words" and last_error("") == ""
