# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every reason in the table, for every type of container: its category, and when it is certain."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import FAILED, PROGRESSING
from workload_objects import broken, container_status, event, status_of, terminated, waiting

DIAL = 'failed to do request: Head "https://registry.example/v2/app/manifests/1": dial tcp: lookup registry.example: no such host'
NOT_FOUND = 'failed to resolve reference "docker.io/library/app:1": docker.io/library/app:1: not found'
UNAUTHORIZED = "failed to authorize: failed to fetch anonymous token: unexpected status from GET request: 401 Unauthorized"
DENIED = "Error response from daemon: pull access denied for app, repository does not exist or may require 'docker login': denied"
OCI = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "

# reason, message, category, seconds until it is certain (None: nothing is wrong)
WAITING = [
    ("ContainerCreating", "", None, None),
    ("PodInitializing", "", None, None),
    ("RestartingAllContainers", "", None, None),
    ("", "", None, None),
    ("InvalidImageName", "couldn't parse image reference", "image_name_invalid", 0),
    ("ErrImageNeverPull", "Container image is not present with pull policy of Never", "image_not_present", 0),
    ("SignatureValidationFailed", "", "image_signature", 0),
    ("ErrImagePull", NOT_FOUND, "image_not_found", 0),
    ("ErrImagePull", "manifest for app:1 not found: manifest unknown: manifest unknown", "image_not_found", 0),
    ("ErrImagePull", UNAUTHORIZED, "image_unauthorized", 0),
    ("ErrImagePull", DENIED, "image_unauthorized", 0),
    ("ErrImagePull", DIAL, "registry_unreachable", 60),
    ("ErrImagePull", "dial tcp 127.0.0.1:5000: connect: connection refused", "registry_unreachable", 60),
    ("ErrImagePull", "unexpected status code 503 Service Unavailable", "registry_unreachable", 60),
    ("ErrImagePull", "toomanyrequests: You have reached your pull rate limit", "registry_rate_limit", 60),
    ("ErrImagePull", "tls: failed to verify certificate: x509: certificate signed by unknown authority", "registry_tls", 0),
    ("ErrImagePull", "no matching manifest for linux/amd64 in the manifest list entries", "wrong_architecture", 0),
    ("ErrImagePull", "write /var/lib/docker/tmp: no space left on device", "node_disk_full", 60),
    ("ErrImagePull", "Docker Image Format v1, and schema 1 support is removed", "image_unusable", 0),
    ("ErrImagePull", "something new", "image_pull", 60),
    ("ImagePullBackOff", f'Back-off pulling image "app:1": ErrImagePull: {NOT_FOUND}', "image_not_found", 0),
    ("ImagePullBackOff", f'Back-off pulling image "app:1": ErrImagePull: {DIAL}', "registry_unreachable", 60),
    ("ImageInspectError", "", "image_pull", 60),
    ("RegistryUnavailable", "dial tcp: i/o timeout", "registry_unreachable", 60),
    ("CreateContainerConfigError", 'secret "frontend-secrets" not found', "secret_missing", 0),
    ("CreateContainerConfigError", "couldn't find key url in Secret default/frontend-secrets", "secret_missing", 0),
    ("CreateContainerConfigError", 'configmap "settings" not found', "configmap_missing", 0),
    ("CreateContainerConfigError", "failed to sync secret cache: timed out waiting for the condition", None, None),
    ("CreateContainerConfigError", "services have not yet been read at least once, cannot construct envvars", None, None),
    ("CreateContainerConfigError", "container has runAsNonRoot and image will run as root", "runs_as_root", 0),
    ("CreateContainerConfigError", "failed to prepare subPath", "container_config", 30),
    ("CreateContainerError", "Error response from daemon: No command specified", "no_command", 0),
    ("CreateContainerError", 'Conflict. The container name "/k8s_app_1" is already in use by container', "name_conflict", 30),
    ("CreateContainerError", 'failed to reserve container name "app_1": name is reserved', "name_conflict", 30),
    ("CreateContainerError", "context deadline exceeded", "runtime_slow", 60),
    ("CreateContainerError", "failed to stat /data", "create_failed", 30),
    ("PreCreateHookError", "", "create_failed", 30),
    ("RunContainerError", OCI + 'exec: "nope": executable file not found in $PATH', "command_not_found", 0),
    ("RunContainerError", OCI + 'exec: "/etc": is a directory', "command_not_executable", 0),
    ("RunContainerError", OCI + "container init was OOM-killed (memory limit too low?)", "out_of_memory", 0),
    ("RunContainerError", OCI + 'error mounting "/v/0" to rootfs at "/etc/passwd": not a directory', "mount_failed", 0),
    ("RunContainerError", "unable to find user shop: no matching entries in passwd file", "user_not_found", 0),
    ("RunContainerError", "unknown", "start_failed", 30),
    ("PreStartHookError", "", "start_failed", 30),
    ("PostStartHookError", "", "start_failed", 30),
    ("CreatePodSandboxError", "", "sandbox", 60),
    ("ConfigPodSandboxError", "", "sandbox", 60),
    ("KillContainerError", "", "runtime_stuck", 60),
    ("RemoveContainerError", "", "runtime_stuck", 60),
    ("KillPodSandboxError", "", "runtime_stuck", 60),
    ("ResizePodInPlaceError", "", "runtime_stuck", 60),
    ("SomethingOfTheFuture", "", "unknown", 60),
]

# reason, exit code, message, category, whether it is certain at the first time (else after two restarts)
TERMINATED = [
    ("Error", 1, "", "crash", False),
    ("OOMKilled", 137, "", "out_of_memory", False),
    ("ContainerCannotRun", 127, OCI + 'exec: "nope": executable file not found in $PATH', "command_not_found", True),
    ("StartError", 128, OCI + 'exec: "/etc": permission denied', "command_not_executable", True),
    ("StartError", 128, OCI + 'error mounting "/v/0" to rootfs at "/f": mount: no such file or directory', "mount_failed", True),
    ("ContainerCannotRun", 126, "unable to find group shop: no matching entries in group file", "user_not_found", True),
    ("StartError", 128, OCI + "container init was OOM-killed (memory limit too low?)", "out_of_memory", True),
]


@pytest.mark.parametrize("kind", ["container", "init", "sidecar"])
@pytest.mark.parametrize(("reason", "message", "category", "grace"), WAITING)
def test_reasons_of_waiting_containers(kind, reason, message, category, grace):
    status = container_status(state=waiting(reason, message))
    if category is None:
        healthy = status_of(broken(status, kind), 1000)
        assert healthy.state == PROGRESSING and [cause.category for cause in healthy.workloads[0].causes] == ["starting"]
        return
    early, late = status_of(broken(status, kind), grace + 0.5), status_of(broken(status, kind), grace + 1.5)
    assert (early.state, late.state) == (PROGRESSING, FAILED)
    assert [(cause.category, cause.container_type) for cause in late.causes] == [(category, kind)]
    assert late.causes[0].hint and late.causes[0].summary and late.causes[0].pod == "web-new-1"


@pytest.mark.parametrize("kind", ["container", "init", "sidecar"])
@pytest.mark.parametrize(("reason", "code", "message", "category", "at_once"), TERMINATED)
def test_reasons_of_terminated_containers(kind, reason, code, message, category, at_once):
    crashing = container_status(state=waiting("CrashLoopBackOff"), last=terminated(reason, code, message), restarts=2)
    first = container_status(state=terminated(reason, code, message))
    assert status_of(broken(first, kind)).state == (FAILED if at_once else PROGRESSING)
    cause = status_of(broken(crashing, kind)).causes[0]
    assert (cause.category, cause.exit_code, cause.previous_log, cause.restarts) == (category, code, True, 2)


def test_start_failure_has_start_timeout():
    status = container_status(state=terminated("StartError", 128, OCI + "error mounting /data"))
    assert status_of(broken(status), 30.5).state == PROGRESSING
    assert [cause.category for cause in status_of(broken(status), 31.5).causes] == ["start_failed"]


def test_back_off_without_a_known_previous_run_is_a_crash():
    status = container_status(state=waiting("CrashLoopBackOff", "back-off 10s restarting failed container"), restarts=2)
    assert [cause.category for cause in status_of(broken(status)).causes] == ["crash"]


def test_crash_is_fatal_after_max_restarts():
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import WaitOptions

    status = container_status(state=waiting("CrashLoopBackOff"), last=terminated("Error", 1), restarts=1)
    assert status_of(broken(status), 500).state == PROGRESSING
    assert status_of(broken(status), 1, WaitOptions(max_restarts=0)).state == FAILED


def test_exit_code_0_has_a_hint_to_run_in_the_foreground():
    status = container_status(state=waiting("CrashLoopBackOff"), last=terminated("Completed", 0), restarts=2)
    cause = status_of(broken(status)).causes[0]
    assert (cause.category, cause.exit_code, cause.reason) == ("exits_immediately", 0, "Completed, CrashLoopBackOff")


def test_completed_init_container_is_not_a_cause():
    assert status_of(broken(container_status(state=terminated("Completed", 0)), "init"), 1000).state == PROGRESSING


def test_container_status_unknown_is_progressing():
    assert status_of(broken(container_status(state=terminated("ContainerStatusUnknown", 137))), 1000).state == PROGRESSING


def test_image_pull_back_off_uses_the_event_of_an_older_kubelet():
    status = container_status(state=waiting("ImagePullBackOff", 'Back-off pulling image "app:1"'))
    reported = event("web-new-1", "Failed", f'Failed to pull image "app:1": {NOT_FOUND}', field="spec.containers{app}")
    other = event("web-new-1", "Failed", f'Failed to pull image "b": {DIAL}', first=9, field="spec.containers{other}")
    assert status_of(broken(status, events=[reported, other])).causes[0].category == "image_not_found"


def test_timeout_counts_from_the_first_failure_event():
    reported = event("web-new-1", "Failed", f'Failed to pull image "app:1": {DIAL}', first=-100, field="spec.containers{app}")
    assert status_of(broken(container_status(state=waiting("ErrImagePull", DIAL)), events=[reported])).state == FAILED
    observation = broken(container_status(state=waiting("ErrImagePull", DIAL)))
    assert status_of(observation, 30).state == PROGRESSING
    observation.of("Pod")[0]["status"]["containerStatuses"][0]["state"] = waiting(
        "ImagePullBackOff", f'Back-off pulling image "app:1": ErrImagePull: {DIAL}'
    )
    assert status_of(observation, 62).state == FAILED


def test_crash_by_a_liveness_probe_names_the_probe():
    status = container_status(state=waiting("CrashLoopBackOff"), last=terminated("Error", 137), restarts=2)
    reported = event("web-new-1", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", field="spec.containers{app}")
    killed = event("web-new-1", "Killing", "Container app failed liveness probe, will be restarted", field="spec.containers{app}")
    cause = status_of(broken(status, events=[reported, killed])).causes[0]
    assert cause.category == "killed_by_probe" and "500" in cause.message


def test_exit_after_a_failed_probe_is_not_killed_by_probe():
    """On a busy machine the first probe comes before the program listens, and fails; the kubelet kills nothing for that."""
    status = container_status(state=waiting("CrashLoopBackOff"), last=terminated("Error", 1), restarts=2)
    reported = event("web-new-1", "Unhealthy", "Liveness probe failed: dial tcp: connect: connection refused", field="spec.containers{app}")
    assert status_of(broken(status, events=[reported])).causes[0].category == "crash"


def test_name_conflict_is_detected_between_two_attempts():
    """The kubelet shows the wait for the next attempt as a crash; that the last one could not be created is reported by an event alone."""
    status = container_status(state=waiting("CrashLoopBackOff"), last=terminated("Error", 137), restarts=1)
    taken = 'Error: Error response from daemon: Conflict. The container name "/k8s_app" is already in use by container "1"'
    field = "spec.containers{app}"
    for first, category in ((5, "name_conflict"), (0, "crash")):
        observation = broken(status, events=[event("web-new-1", "Failed", taken, first=first, field=field)])
        assert [cause.category for cause in status_of(observation, 60).workloads[0].causes] == [category]
