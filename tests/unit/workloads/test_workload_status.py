# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The status of whole workloads: when they are complete, and causes of failure other than a container's status."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import COMPLETE, FAILED, PROGRESSING, Workload
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.status import time_out
from workload_objects import (
    START,
    WEB,
    at,
    container_status,
    deployment,
    event,
    meta,
    observe,
    pod,
    replica_set,
    running,
    status_of,
    terminated,
    waiting,
    web,
)


def serving(name="web-new-1", hash_="new", **more):
    return pod(name, hash_, statuses=[container_status(state=running(), ready=True)], phase="Running", **more)


def crashed(name, hash_):
    return pod(name, hash_, statuses=[container_status(state=waiting("CrashLoopBackOff"), last=terminated("Error", 1), restarts=9)])


def one(observation, seconds=1.0):
    return status_of(observation, seconds).workloads[0]


def categories(observation, seconds=1.0):
    return [cause.category for cause in status_of(observation, seconds).causes]


def test_complete_if_the_new_pod_is_ready():
    assert one(web(serving(), deploy=deployment(available=1))).state == COMPLETE


@pytest.mark.parametrize(
    "deploy",
    [
        deployment(available=1, observed=1),
        deployment(available=0),
        deployment(available=1, total=2),
        deployment(replicas=2, updated=1, available=1),
    ],
)
def test_incomplete_until_the_controller_reports_it(deploy):
    state = one(web(serving(), deploy=deploy))
    assert state.state == PROGRESSING and state.missing


def test_old_pods_delay_completion_but_terminating_ones_do_not():
    old = serving("web-old-1", "old")
    sets = [replica_set(), replica_set("old", "1")]
    assert one(web(serving(), old, deploy=deployment(available=1), sets=sets)).state == PROGRESSING
    going = serving("web-old-1", "old", deletionTimestamp=at(1))
    assert one(web(serving(), going, deploy=deployment(available=1), sets=sets)).state == COMPLETE


def test_broken_old_pods_do_not_fail_the_rollout():
    fresh = pod(statuses=[container_status(state=waiting("ContainerCreating"))])
    observation = web(fresh, crashed("web-old-1", "old"), deploy=deployment(total=2), sets=[replica_set(), replica_set("old", "1")])
    assert status_of(observation, 1000).state == PROGRESSING


@pytest.mark.parametrize(("made", "annotations"), [(crashed("web-new-1", "new"), {}), (serving(), {"dapr.io/enabled": "true"})])
def test_pods_are_ignored_until_the_controller_observed_the_change(made, annotations):
    late = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "lastTransitionTime": at(1)}]
    assert one(web(made, deploy=deployment(conditions=late, annotations=annotations)), 1000).state == FAILED
    unobserved = one(web(made, deploy=deployment(generation=3, conditions=late, annotations=annotations)), 1000)
    assert unobserved.state == PROGRESSING and not unobserved.causes and unobserved.missing


def test_container_without_probe_needs_min_ready_seconds():
    plain = pod(statuses=[container_status(state=running(10), ready=True)], containers=[{"name": "app", "image": "app:1"}])
    observation = web(plain, deploy=deployment(available=1))
    early = status_of(observation, 11)
    assert early.state == PROGRESSING and early.recheck == pytest.approx(2)
    assert status_of(observation, 13).state == COMPLETE


def test_scaled_to_zero_is_complete_with_a_note():
    state = one(web(deploy=deployment(replicas=0)))
    assert state.state == COMPLETE and "scaled to zero" in state.note


def test_paused_fails_only_with_a_pending_change():
    assert categories(
        web(serving("web-old-1", "old"), deploy=deployment(updated=0, total=1, paused=True), sets=[replica_set("old", "1")])
    ) == ["paused"]
    assert one(web(serving(), deploy=deployment(available=1, paused=True))).state == COMPLETE


def test_missing_and_deleted_workloads():
    assert one(observe(workloads=[WEB])).causes[0].reason == "NotFound"
    observation = observe(workloads=[WEB])
    observation.deleted.add(("Deployment", "web"))
    assert one(observation).causes[0].reason == "Deleted"


UNSCHEDULED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": at(0)}


@pytest.mark.parametrize(
    ("message", "category", "grace"),
    [
        ("0/1 nodes are available: 1 Insufficient cpu.", "insufficient_resources", 15),
        ("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", "no_matching_node", 15),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.", "tainted", 15),
        ("0/1 nodes are available: 1 node(s) had volume node affinity conflict.", "volume_on_other_node", 15),
        ("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", "host_port_taken", 15),
        ("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.", "anti_affinity", 15),
        ("0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.", "topology_spread", 15),
        ("0/1 nodes are available: 1 node(s) were unschedulable.", "cordoned", 15),
        ('persistentvolumeclaim "data" not found', "claim_missing", 15),
        ("pod has unbound immediate PersistentVolumeClaims.", "claim_pending", 60),
        ("something new", "unschedulable", 15),
    ],
)
def test_unschedulable(message, category, grace):
    observation = web(pod(scheduled={**UNSCHEDULED, "message": message}))
    assert status_of(observation, grace - 1).state == PROGRESSING
    assert categories(observation, grace) == [category]


def test_unschedulable_waits_for_terminating_pods_and_a_scale_up():
    stuck = pod(scheduled={**UNSCHEDULED, "message": "1 Insufficient cpu."})
    going = serving("web-old-1", "old", deletionTimestamp=at(30))
    sets = [replica_set(), replica_set("old", "1")]
    assert status_of(web(stuck, going, sets=sets), 44).state == PROGRESSING
    assert status_of(web(stuck, going, sets=sets), 45).state == FAILED
    assert status_of(web(stuck, events=[event("web-new-1", "TriggeredScaleUp", "1->2")]), 1000).state == PROGRESSING


def test_full_node_with_max_unavailable_0_is_explained():
    stuck = pod(scheduled={**UNSCHEDULED, "message": "1 Insufficient cpu."})
    deploy = deployment(total=2, strategy={"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}})
    observation = web(stuck, serving("web-old-1", "old"), deploy=deploy, sets=[replica_set(), replica_set("old", "1")])
    assert "maxUnavailable is 0, so" in status_of(observation, 20).causes[0].hint
    deploy["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = "25%"
    assert "maxUnavailable is 0 (25% of 1), so" in status_of(observation, 20).causes[0].hint
    deploy["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = "100%"
    assert "maxUnavailable" not in status_of(observation, 20).causes[0].hint


def test_scheduling_gate_is_not_a_failure():
    gated = {**UNSCHEDULED, "reason": "SchedulingGated", "message": "Scheduling is blocked fatal_at to non-empty scheduling gates"}
    assert status_of(web(pod(scheduled=gated)), 1000).state == PROGRESSING


def test_pending_claim_has_the_message_of_its_provisioner():
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    claim = {"metadata": meta("data"), "status": {"phase": "Pending"}}
    reported = event("data", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
    observation = web(pod(scheduled=None, volumes=volumes), PersistentVolumeClaim=[claim], events=[reported])
    assert status_of(observation, 59).state == PROGRESSING
    cause = status_of(observation, 61).causes[0]
    assert cause.category == "claim_pending" and '"fast" not found' in cause.message


@pytest.mark.parametrize(
    ("reason", "message", "category", "grace"),
    [
        ("FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "settings" not found', "configmap_missing", 0),
        ("FailedMount", 'MountVolume.SetUp failed for volume "c" : secret "keys" not found', "secret_missing", 0),
        ("FailedMount", 'MountVolume.SetUp failed for volume "t" : configmap "kube-root-ca.crt" not found', "root_ca", 60),
        ("FailedMount", "MountVolume.SetUp failed : failed to sync configmap cache: timed out", None, None),
        ("FailedMount", 'MountVolume.SetUp failed : object "default"/"settings" not registered', None, None),
        ("FailedMount", "Unable to attach or mount volumes: timed out", "volume", 60),
        ("FailedAttachVolume", "AttachVolume.Attach failed", "volume", 60),
        ("FailedMapVolume", "MapVolume.SetUpDevice failed", "volume", 60),
        ("FailedCreatePodSandBox", "Failed to create pod sandbox: plugin type=bridge failed", "sandbox", 60),
        ("NetworkNotReady", "network is not ready", "sandbox", 60),
    ],
)
def test_events_before_any_container_has_started(reason, message, category, grace):
    def observation(state):
        return web(pod(statuses=[container_status(state=state)]), events=[event("web-new-1", reason, message)])

    assert categories(observation(running()), 1000) == []
    if category is None:
        assert status_of(observation(waiting("ContainerCreating")), 1000).state == PROGRESSING
        return
    assert status_of(observation(waiting("ContainerCreating")), grace + 0.5).state == PROGRESSING
    assert categories(observation(waiting("ContainerCreating")), grace + 1) == [category]


@pytest.mark.parametrize(
    ("message", "category", "grace"),
    [
        ('pods "web-new-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2', "quota", 15),
        ('admission webhook "policy.example.com" denied the request: no', "webhook_denied", 0),
        ('pods "web-new-1" is forbidden: ValidatingAdmissionPolicy \'tier\' with binding \'tier\' denied request: no tier', "policy_denied", 0),
        ('pods "web-new-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', "pod_security", 0),
        ('Internal error occurred: failed calling webhook "a.b": connection refused', "webhook_unreachable", 60),
        (
            'pods "web-new-1" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
            "service_account_missing",
            15,
        ),
        ("Pod is invalid: spec.containers[0].image: Required value", "pod_invalid", 0),
        ("etcdserver: request timed out", "not_created", 60),
    ],
)
def test_pods_that_cannot_be_created(message, category, grace):
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message, "lastTransitionTime": at(1)}
    observation = web(deploy=deployment(updated=0, total=0), sets=[replica_set(conditions=[failure])])
    assert status_of(observation, grace + 0.5).state == PROGRESSING
    cause = status_of(observation, grace + 1).causes[0]
    assert (cause.category, cause.pod) == (category, None)


def test_creation_failure_before_the_wait_has_a_timeout():
    old = {
        "type": "ReplicaFailure",
        "status": "True",
        "message": 'admission webhook "x" denied the request',
        "lastTransitionTime": at(-600),
    }
    deploy = deployment(updated=0, total=0)
    deploy["metadata"]["creationTimestamp"] = at(-700)
    observation = web(deploy=deploy, sets=[replica_set(conditions=[old])])
    assert status_of(observation, 59).state == PROGRESSING
    assert status_of(observation, 60).state == FAILED


def test_creation_failure_before_the_last_created_pod_is_ignored():
    failed = event("web-new", "FailedCreate", "exceeded quota", first=-10)
    made = pod(statuses=[container_status(state=waiting("ContainerCreating"))])
    assert status_of(web(made, deploy=deployment(replicas=2, updated=1, total=1), events=[failed]), 1000).state == PROGRESSING


def test_init_timeout_and_deadlock_with_the_own_sidecar():
    spec = {"name": "wait", "image": "busybox", "command": ["sh", "-c", "until wget -q localhost:3500/v1.0/healthz; do sleep 1; done"]}
    init = container_status("wait", running(0))
    observation = web(pod(statuses=[container_status(state=waiting("PodInitializing"))], init_statuses=[init], init_containers=[spec]))
    assert status_of(observation, 179).state == PROGRESSING
    cause = status_of(observation, 180).causes[0]
    assert cause.category == "init_running" and "deadlock" in cause.hint


def test_ready_pod_without_its_dapr_sidecar_fails():
    annotated = {"dapr.io/enabled": "true"}
    bare = serving(annotations=annotated)
    assert categories(web(bare, deploy=deployment(available=1, annotations=annotated))) == ["sidecar_missing"]
    unasked = [Workload("Deployment", "web", dapr=False)]
    assert status_of(web(bare, deploy=deployment(available=1), workloads=unasked)).state == COMPLETE


@pytest.mark.parametrize("native", [False, True])
def test_daprd_is_found_in_containers_and_init_containers(native):
    daprd = {"name": "daprd", "image": "daprd", "readinessProbe": {}, **({"restartPolicy": "Always"} if native else {})}
    app = {"name": "app", "image": "app:1", "readinessProbe": {}}
    ready = container_status(state=running(), ready=True)
    sidecar = container_status("daprd", running(), ready=True)
    lists = {"containers": [app], "init_containers": [daprd], "init_statuses": [sidecar], "statuses": [ready]}
    if not native:
        lists = {"containers": [app, daprd], "statuses": [ready, sidecar]}
    whole = pod(annotations={"dapr.io/enabled": "true"}, **lists)
    assert status_of(web(whole, deploy=deployment(available=1))).state == COMPLETE


def test_dapr_true_without_the_annotation_fails():
    demanded = [Workload("Deployment", "web", dapr=True)]
    assert "dapr_annotation_missing" in categories(web(serving(), deploy=deployment(available=1), workloads=demanded))


def test_progress_deadline_reports_suspected_causes():
    late = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "has timed out",
        "lastTransitionTime": at(600),
    }
    unready = pod(statuses=[container_status(state=running())])
    reported = event("web-new-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", field="spec.containers{app}")
    assert status_of(web(unready, deploy=deployment(), events=[reported]), 599).state == PROGRESSING
    causes = status_of(web(unready, deploy=deployment(conditions=[late]), events=[reported]), 601).causes
    assert [cause.category for cause in causes] == ["probe_fails", "progress_deadline"] and "503" in causes[0].message


def test_timeout_reports_suspected_causes():
    unready = pod(statuses=[container_status(state=running())])
    timed_out = time_out(status_of(web(unready), 300), START + timedelta(seconds=300))
    assert timed_out.state == FAILED and [cause.category for cause in timed_out.causes] == ["probe_fails"]


def test_timeout_of_a_starting_pod_reports_its_last_event():
    slow = pod(statuses=[container_status(state=waiting("ContainerCreating"))])
    events = [event("web-new-1", "Scheduled", "assigned", first=1), event("web-new-1", "Pulling", 'Pulling image "app:1"', first=2)]
    timed_out = time_out(status_of(web(slow, events=events), 300), START + timedelta(seconds=300))
    assert [(cause.category, cause.message) for cause in timed_out.causes] == [("starting", 'Pulling image "app:1"')]


def test_evicted_pods_count_only_until_replaced():
    evicted = pod("web-new-0", phase="Failed", reason="Evicted")
    assert status_of(web(evicted, pod(statuses=[container_status(state=waiting("ContainerCreating"))])), 1000).state == PROGRESSING
    assert status_of(web(evicted, deploy=deployment(total=0)), 59).state == PROGRESSING
    assert categories(web(evicted, deploy=deployment(total=0)), 60) == ["evicted"]


@pytest.mark.parametrize(("reason", "category", "grace"), [
    ("DeadlineExceeded", "pod_deadline", 0), ("PodOSNotSupported", "node_incompatible", 0),
    ("InvalidNodeInfo", "node_incompatible", 0), ("Evicted", "evicted", 60),
    ("NodeShutdown", "node_shutdown", 60), ("Preempting", "node_shutdown", 60), ("OutOfcpu", "pod_rejected", 60),
])  # fmt: skip
def test_failed_pods(reason, category, grace):
    ended = web(pod("web-new-0", phase="Failed", reason=reason), deploy=deployment(total=0))
    assert status_of(ended, grace - 0.5).state == PROGRESSING and categories(ended, grace) == [category]


def test_same_cause_of_many_pods_is_reported_once():
    status = container_status(state=waiting("InvalidImageName"))
    observation = web(*(pod(f"web-new-{number}", statuses=[status]) for number in range(3)), deploy=deployment(replicas=3))
    assert [(cause.pods, cause.pod) for cause in status_of(observation, 2).causes] == [(3, "web-new-0")]


def test_one_failure_ends_the_wait_and_others_are_listed():
    other = Workload("Deployment", "api")
    api = deployment(available=0, updated=0)
    api["metadata"] = meta("api", generation=2, annotations={})
    bad = pod(statuses=[container_status(state=waiting("InvalidImageName"))])
    observation = observe(pods=[bad], workloads=[WEB, other], Deployment=[deployment(), api], ReplicaSet=[replica_set()])
    assert [state.state for state in status_of(observation, 2).workloads] == [FAILED, PROGRESSING]


def test_crash_has_unreachable_timeout_while_others_progress():
    other = Workload("Deployment", "api")
    api = deployment(available=0, updated=0)
    api["metadata"] = meta("api", generation=2, annotations={})
    lists = {"workloads": [WEB, other], "ReplicaSet": [replica_set()]}
    crashing = crashed("web-new-1", "new")
    waits = observe(pods=[crashing], Deployment=[deployment(), api], **lists)
    assert status_of(waits, 60).state == PROGRESSING and status_of(waits, 60).recheck == pytest.approx(1)
    assert status_of(waits, 61).state == FAILED
    api_done = {**api, "spec": {"replicas": 0, "template": {}}}
    assert status_of(observe(pods=[crashing], Deployment=[deployment(), api_done], **lists), 2).state == FAILED


DB = Workload("StatefulSet", "db")


def stateful_set(replicas=1, update="new", ready=None, available=1, **spec):
    status = {
        "observedGeneration": 1,
        "updateRevision": update,
        "availableReplicas": available,
        "readyReplicas": available,
        "replicas": replicas,
    }
    return {"metadata": meta("db", generation=1), "spec": {"replicas": replicas, "template": {}, **spec}, "status": status}


def db_pod(number=0, hash_="new", state=None, ready=True):
    status = container_status(state=state or running(), ready=ready)
    return pod(f"db-{number}", hash_, owner="db", label="controller-revision-hash", statuses=[status], phase="Running")


def test_statefulset_complete():
    assert one(observe(pods=[db_pod()], workloads=[DB], StatefulSet=[stateful_set()])).state == COMPLETE
    assert one(observe(pods=[db_pod(hash_="old")], workloads=[DB], StatefulSet=[stateful_set()])).state == PROGRESSING


def test_statefulset_partition_keeps_old_pods():
    spec = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}
    pods = [db_pod(0, "old"), db_pod(1)]
    assert one(observe(pods=pods, workloads=[DB], StatefulSet=[stateful_set(2, available=2, **spec)])).state == COMPLETE


def test_statefulset_blocked_by_a_broken_old_pod():
    old = db_pod(hash_="old", state=waiting("InvalidImageName"), ready=False)
    causes = status_of(observe(pods=[old], workloads=[DB], StatefulSet=[stateful_set(available=0)]), 2).causes
    assert [cause.category for cause in causes] == ["image_name_invalid"] and "delete the pod" in causes[0].hint
    parallel = stateful_set(available=0, podManagementPolicy="Parallel")
    assert status_of(observe(pods=[old], workloads=[DB], StatefulSet=[parallel]), 2).state == PROGRESSING


def test_on_delete_strategy_is_reported():
    spec = {"updateStrategy": {"type": "OnDelete"}}
    assert one(observe(pods=[db_pod(hash_="old")], workloads=[DB], StatefulSet=[stateful_set(**spec)])).causes[0].category == "on_delete"


def test_statefulset_pods_cannot_be_created():
    reported = event(
        "db", "FailedCreate", 'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota: q', first=1
    )
    observation = observe(events=[reported], workloads=[DB], StatefulSet=[stateful_set(available=0)])
    assert categories(observation, 17) == ["quota"]


AGENT = Workload("DaemonSet", "agent")


def test_daemonset_uses_its_newest_controllerrevision():
    def revision(hash_, number):
        return {"metadata": meta(f"agent-{hash_}", owner="agent", labels={"controller-revision-hash": hash_}), "revision": number}

    def observed(pod_hash):
        status = {"observedGeneration": 1, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}
        agent = {"metadata": meta("agent", generation=1), "spec": {"template": {}}, "status": status}
        pods = [
            pod(
                "agent-1",
                pod_hash,
                owner="agent",
                label="controller-revision-hash",
                statuses=[container_status(state=running(), ready=True)],
            )
        ]
        revisions = [revision("new", 2), revision("old", 1)]
        return observe(pods=pods, workloads=[AGENT], DaemonSet=[agent], ControllerRevision=revisions)

    assert one(observed("new")).state == COMPLETE
    assert one(observed("old")).state == PROGRESSING


def many(count: int):
    """As many Deployments that are complete, each with its ReplicaSet and a pod."""
    workloads, deployments, sets, pods = [], [], [], []
    for number in range(count):
        name = f"web{number}"
        workloads.append(Workload("Deployment", name))
        item = deployment(available=1)
        item["metadata"] = meta(name, generation=2, annotations={"deployment.kubernetes.io/revision": "2"})
        made = replica_set()
        made["metadata"] = meta(
            f"{name}-new", owner=name, labels={"pod-template-hash": "new"}, annotations={"deployment.kubernetes.io/revision": "2"}
        )
        deployments.append(item)
        sets.append(made)
        pods.append(serving(f"{name}-new-1", owner=f"{name}-new"))
    return observe(pods=pods, workloads=workloads, Deployment=deployments, ReplicaSet=sets)


def calls_of(observation) -> int:
    """The number of function calls of an evaluation: its work, whatever else the machine does."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        state = status_of(observation).state
    finally:
        sys.setprofile(None)
    assert state == COMPLETE
    return calls


def test_the_work_grows_in_proportion_to_the_objects():
    assert calls_of(many(200)) < 2.2 * calls_of(many(100))
