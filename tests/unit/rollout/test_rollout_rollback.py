# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rollback after a failure: the last good revision, what is rolled back, the message about it, and the recorded annotations."""

from __future__ import annotations

import copy
import threading
from datetime import timedelta

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.annotations import plan_annotations
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.last_good import last_good_revisions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.rollback_plan import plan_rollback
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import WaitOptions, Workload
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.snapshot import Snapshot
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.status import evaluate
from test_rollout_run import predict, roll_out
from workload_objects import START, WEB, at, container_status, deployment, meta, observe, pod, replica_set, running, terminated, waiting

LAST_GOOD_REVISION, ROLLED_BACK, CAUSE = "runbook.minikube/served", "runbook.minikube/undone", "kubernetes.io/change-cause"
NOW = START + timedelta(seconds=60)
READY_CONDITION = {"type": "Ready", "status": "True"}


def template(image):
    return {"metadata": {"annotations": {}, "labels": {}}, "spec": {"containers": [{"name": "app", "image": image, "readinessProbe": {}}]}}


def revision(number, hash_, image, cause=""):
    item = replica_set(hash_, str(number))
    item["spec"]["template"] = template(image)
    item["metadata"]["annotations"][CAUSE] = cause
    return item


def serving(hash_, image="app:1", image_id="docker://sha256:1", **more):
    status = {**container_status(state=running(), ready=True), "imageID": image_id}
    containers = [{"name": "app", "image": image, "readinessProbe": {}}]
    found = pod(f"web-{hash_}-1", hash_, [status], containers=containers, phase="Running", **more)
    found["status"]["conditions"].append(READY_CONDITION)
    return found


def broken(hash_, image="app:2", image_id="docker://sha256:2", **more):
    status = {**container_status(state=waiting("CrashLoopBackOff"), last=terminated("Error", 1), restarts=2), "imageID": image_id}
    return pod(f"web-{hash_}-1", hash_, [status], containers=[{"name": "app", "image": image, "readinessProbe": {}}], **more)


def web(image, annotations=None, **more):
    obj = deployment(**more)
    obj["spec"]["template"] = template(image)
    obj["metadata"]["annotations"].update(annotations or {})
    obj["metadata"]["managedFields"] = []
    return obj


SETS = (revision(1, "one", "app:1"), revision(2, "new", "app:2"))


def snapshot_of(obj, pods, sets=SETS):
    observation = observe(pods=pods, Deployment=[obj], ReplicaSet=sets)
    return Snapshot(observation, NOW, WaitOptions())


def last_good(obj, pods, sets=SETS):
    snapshot = snapshot_of(obj, pods, sets)
    return last_good_revisions(snapshot, evaluate(snapshot.observation, NOW, WaitOptions()))[WEB]


def test_last_good_revision_has_ready_pods():
    assert last_good(web("app:2", total=2), [serving("one"), broken("new")]) == "web-one"


def test_revision_complete_at_the_start_is_the_last_good_one():
    assert last_good(web("app:2", available=1), [serving("new")]) == "web-new"


def test_recorded_revision_decides_without_or_with_several_ready_revisions():
    recreated = web("app:2", {LAST_GOOD_REVISION: "web-one"})
    assert last_good(recreated, [broken("new")]) == "web-one"
    three = [revision(1, "one", "app:1"), revision(2, "two", "app:2"), revision(3, "new", "app:3")]
    both = [serving("one"), serving("two"), broken("new")]
    obj = web("app:3", {LAST_GOOD_REVISION: "web-one"}, total=3)
    obj["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "3"
    assert last_good(obj, both, three) == "web-one"
    obj["metadata"]["annotations"][LAST_GOOD_REVISION] = "web-gone"
    assert last_good(obj, both, three) == "web-two"


def test_ready_pods_take_precedence_over_the_record():
    three = [revision(1, "one", "app:1"), revision(2, "two", "app:2"), revision(3, "new", "app:3")]
    obj = web("app:3", {LAST_GOOD_REVISION: "web-one"}, total=2)
    obj["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "3"
    assert last_good(obj, [serving("two"), broken("new")], three) == "web-two"


def test_recorded_or_restored_revision_is_not_rolled_back():
    assert last_good(web("app:2", {LAST_GOOD_REVISION: "web-new"}, total=2), [serving("one"), broken("new")]) == "web-new"
    assert last_good(web("app:2", {ROLLED_BACK: "web-one web-new"}, total=2), [serving("one"), broken("new")]) == "web-new"


def test_revision_that_is_only_scaled_is_the_last_good_one():
    rolled_out = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "lastTransitionTime": at(0)}
    starting = broken("new")
    starting["metadata"].update(name="web-new-2", uid="web-new-2")
    for pods, expected in (([serving("new"), starting], "web-new"), ([broken("new")], "web-one"), ([serving("one"), broken("new")], "web-one")):
        obj = web("app:2", {LAST_GOOD_REVISION: "web-one"}, total=2)
        obj["status"]["conditions"] = [rolled_out]
        assert last_good(obj, pods) == expected
    assert last_good(web("app:2", {LAST_GOOD_REVISION: "web-one"}, total=2), [serving("new"), starting]) == "web-one", "it was never rolled out"
    obj = web("app:2", {LAST_GOOD_REVISION: "web-one"}, total=2)
    obj["status"]["conditions"] = [rolled_out]
    just_started = serving("new")
    just_started["spec"]["containers"] = [{"name": "app", "image": "app:2"}]
    just_started["status"]["containerStatuses"][0]["state"] = running(59)
    assert last_good(obj, [just_started, starting]) == "web-one", "it may crash again and again"
    without_sidecar = serving("new")
    without_sidecar["metadata"]["annotations"] = {"dapr.io/enabled": "true"}
    assert last_good(obj, [without_sidecar, starting]) == "web-one", "it is ready to Kubernetes alone"


def test_first_or_removed_revision_is_not_restored():
    assert last_good(web("app:2"), [broken("new")], SETS[1:]) == ""
    assert last_good(web("app:2", {LAST_GOOD_REVISION: "web-gone"}), [broken("new")]) == ""


def rolled_back(obj, pods, name="web-one", sets=SETS, force=False):
    (found,) = plan_rollback(snapshot_of(obj, pods, sets), {WEB: name}, {WEB}, "me@here", force)
    return found


def test_rollback_restores_only_the_template_and_records_the_user():
    obj = web("app:2", total=2, replicas=3)
    found = rolled_back(obj, [serving("one"), broken("new")])
    (change,) = found.actions
    assert change.after == {"template": template("app:1"), "replicas": 3} and found.revision.number == 1
    assert change.annotations[CAUSE] == "roll back to revision 1 after a failure (by me@here)"
    assert change.annotations[ROLLED_BACK] == "web-new web-one" and found.note == ""


@pytest.mark.parametrize(
    ("obj", "name", "sets", "why"),
    [
        (web("app:2"), "", SETS[1:], "this is its first revision"),
        (web("app:2"), "", SETS, r"none of its revisions \(1, 2\) is known to have been complete"),
        (web("app:2"), "web-gone", SETS, "no longer keeps its last good revision"),
        (web("app:2"), "web-new", SETS, "the cause is outside its pod template"),
        (web("app:2", paused=True), "web-one", SETS, "is paused. Resume it first"),
        (web("app:2", updateStrategy={"type": "OnDelete"}), "web-one", SETS, "OnDelete replaces no pod"),
    ],
)
def test_reason_why_a_workload_is_not_rolled_back(obj, name, sets, why):
    found = rolled_back(obj, [broken("new")], name, sets)
    assert found.revision is None and found.actions == ()
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(found.reason)


IMAGE = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"app"}': {"f:image": {}}}}}}}


def test_rollback_takes_over_applied_fields_only_with_force():
    obj = web("app:2")
    obj["metadata"]["managedFields"] = [{"manager": "pipeline", "operation": "Apply", "fieldsV1": IMAGE}]
    assert "is applied by pipeline, whose next apply" in rolled_back(obj, [broken("new")]).reason
    assert rolled_back(obj, [broken("new")], force=True).actions
    obj["metadata"]["managedFields"][0]["operation"] = "Update"
    assert rolled_back(obj, [broken("new")]).actions


def test_retagged_image_is_reported_in_the_note():
    same = [revision(1, "one", "app:1"), revision(2, "new", "app:1")]
    same[1]["spec"]["template"]["metadata"]["annotations"]["restarted"] = "now"
    obj = web("app:1", total=2)
    obj["spec"]["template"] = same[1]["spec"]["template"]
    found = rolled_back(obj, [serving("one"), broken("new", "app:1")], sets=same)
    assert "app:1 now points to a different image than the previous pods run" in found.note and found.actions
    assert rolled_back(obj, [serving("one"), broken("new", "app:1", "docker://sha256:1")], sets=same).note == ""


def test_complete_workloads_are_rolled_back_too_and_unchanged_ones_are_not_reported():
    snapshot = snapshot_of(web("app:2", available=1), [serving("new")])
    assert [item.revision.number for item in plan_rollback(snapshot, {WEB: "web-one"}, set(), "me", False)] == [1]
    assert plan_rollback(snapshot, {WEB: "web-new"}, set(), "me", False) == []


def stateful(live, annotations=None):
    db = Workload("StatefulSet", "db")
    obj = web(live, annotations)
    obj["metadata"].update({"name": "db", "uid": "db"})
    obj["status"].update({"updateRevision": "db-one" if live == "app:1" else "db-new"})
    items = [
        {"metadata": meta(name, owner="db", annotations={CAUSE: cause}), "revision": number,
         "data": {"spec": {"template": template(image)}}}
        for number, (name, image, cause) in enumerate((("db-one", "app:1", "the first"), ("db-new", "app:2", "")), start=1)
    ]
    pods = [
        serving("db-one", owner="db", label="controller-revision-hash"), broken("db-new", owner="db", label="controller-revision-hash")
    ]
    return Snapshot(observe(pods=pods, workloads=[db], StatefulSet=[obj], ControllerRevision=items), NOW, WaitOptions()), db


def test_stuck_statefulset_pods_are_deleted_also_after_an_interrupted_rollback():
    snapshot, db = stateful("app:2")
    (found,) = plan_rollback(snapshot, {db: "db-one"}, {db}, "me", False)
    assert [type(action).__name__ for action in found.actions] == ["SpecChange", "PodDeletion"] and found.actions[1].pod == "web-db-new-1"
    assert found.actions[0].annotations[CAUSE] == "the first"  # what the next revision begins with
    snapshot, db = stateful("app:1")
    (found,) = plan_rollback(snapshot, {db: "db-one"}, {db}, "me", False)
    assert [type(action).__name__ for action in found.actions] == ["PodDeletion"]


def annotations(obj, pods, before, cause="deploy shop", sets=SETS, changed=(), writer="runbook-deploy"):
    template_of = {"f:spec": {"f:template": {}}}
    obj["metadata"]["managedFields"] = [
        {"manager": "kubectl", "time": at(1), "fieldsV1": template_of}, {"manager": writer, "time": at(2), "fieldsV1": template_of}
    ]
    snapshot = snapshot_of(obj, pods, sets)
    found = plan_annotations(snapshot, evaluate(snapshot.observation, NOW, WaitOptions()), {WEB: before}, cause, "me@here", set(changed))
    return {(patch.kind, patch.name): patch.annotations for patch in found}


def test_new_revision_is_recorded_once_with_its_change_cause_and_as_last_good():
    text = "deploy shop: set containers[app].image to app:2 (by me@here)"
    complete = [serving("new")]
    assert annotations(web("app:2", available=1), complete, "web-one") == {
        ("ReplicaSet", "web-new"): {CAUSE: text}, ("Deployment", "web"): {LAST_GOOD_REVISION: "web-new", CAUSE: text}
    }
    assert annotations(web("app:2", {LAST_GOOD_REVISION: "web-one"}, available=1), complete, "web-new")[("ReplicaSet", "web-new")] == {CAUSE: text}
    assert annotations(web("app:2", {LAST_GOOD_REVISION: "web-new"}, available=1), complete, "web-new") == {}
    assert ("ReplicaSet", "web-new") not in annotations(web("app:2", available=1), complete, "web-one", writer="kubectl-set")
    assert annotations(web("app:2", available=1), complete, "web-one", cause="") == {("Deployment", "web"): {LAST_GOOD_REVISION: "web-new"}}


def test_own_change_cause_is_kept_and_an_inherited_one_is_replaced():
    own = [revision(1, "one", "app:1", "a"), revision(2, "new", "app:2", "kubectl set image")]
    assert ("ReplicaSet", "web-new") not in annotations(web("app:2", available=1), [serving("new")], "web-one", sets=own)
    own[1]["metadata"]["annotations"][CAUSE] = "a"
    assert ("ReplicaSet", "web-new") in annotations(web("app:2", available=1), [serving("new")], "web-one", sets=own)
    assert ("ReplicaSet", "web-new") not in annotations(web("app:2", available=1), [serving("new")], "web-one", sets=own, changed=[WEB])
    # The revision that was ready at the first read is the previous one, even if another client created it since the last record.
    three = [revision(1, "two", "app:0", "b"), *own]
    assert ("ReplicaSet", "web-new") in annotations(web("app:2", {LAST_GOOD_REVISION: "web-two"}, available=1), [serving("new")], "web-one", sets=three)


def test_failed_revision_gets_a_change_cause_but_is_not_last_good():
    found = annotations(web("app:2", total=2), [serving("one"), broken("new")], "web-one")
    assert set(found[("Deployment", "web")]) == {CAUSE}


PARAMS = {
    "namespace": "default", "workloads": [{"kind": "Deployment", "name": "web", "dapr": None}],
    "restart": "never", "changed_secrets": [], "changed_config_maps": [], "image_ids": {},
    "state": "complete", "to_revision": 0, "history": False, "change_cause": "", "force_conflicts": False, "rollback_on_failure": True,
    "timeout": 5, "log_lines": 3, **vars(WaitOptions()),
}


class Cluster:
    """A Deployment of two revisions, the newer of which fails; a patch of its template restores the pods of the older one."""

    def __init__(self, recovers=True, refused=()):
        self.recovers, self.refused, self.patches = recovers, refused, []
        self.objects = {"Deployment": [web("app:2", total=2)], "ReplicaSet": SETS, "Pod": [serving("one"), broken("new")]}

    def now(self):
        return NOW

    def can(self, verb, kind, _namespace, name=None):
        return (verb, kind) not in self.refused

    def get(self, kind, _name, _namespace):
        return self.objects[kind][0]

    def logs(self, *_what, **_more):
        return "KeyError: 'DATABASE_URL'"

    def list_with_version(self, kind, _namespace, **_selectors):
        return copy.deepcopy(self.objects.get(kind, [])), "1"

    def watch(self, *_what):
        threading.Event().wait(30)
        return iter(())

    def patch(self, kind, name, body, _namespace, **_options):
        self.patches.append((kind, name, body))
        if ("patch now", kind) in self.refused:
            raise ApiError("no such luck", 403, "Forbidden")
        if isinstance(body, list):
            obj = web("app:1", available=1 if self.recovers else 0)
            obj["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "3"
            one = revision(3, "one", "app:1")
            pods = [serving("one") if self.recovers else broken("one")]
            self.objects = {"Deployment": [obj], "ReplicaSet": [one, SETS[1]], "Pod": pods}


def failure(cluster, **params):
    with pytest.raises(RunbookError) as error:
        roll_out(cluster, {**PARAMS, **params})
    return str(error.value), error.value.facts


def test_failure_reports_the_cause_before_the_rollback():
    message, facts = failure(Cluster())
    assert message.index("KeyError") < message.index("Deployment web was rolled back to revision 1, which is available again.")
    assert facts["changed"] and "Deployment web: roll back to revision 1" in facts["actions"]
    assert [(item["workload"], item["revision"], item["available"]) for item in facts["rollback"]] == [("Deployment web", 1, True)]


def test_failed_rollback_reports_both_failures():
    message, facts = failure(Cluster(recovers=False), max_restarts=1)
    assert "rolled back to revision 1, which is not available yet" in message
    assert message.count("KeyError") == 2 and "The rollback failed as well:\nDeployment web" in message
    assert facts["rollback"][0]["available"] is False
    message, facts = failure(Cluster(refused=[("patch now", "Deployment")]))
    assert "KeyError" in message and "The rollback failed as well: Deployment web: roll back to revision 1: no such luck" in message


def test_no_rollback_and_no_record_without_the_option():
    cluster = Cluster()
    message, facts = failure(cluster, rollback_on_failure=False)
    assert "rolled back" not in message and "rollback" not in facts and cluster.patches == []


def test_rollback_permissions_are_checked_before_the_change():
    cluster = Cluster(refused=[("patch", "Deployment")])
    message, _facts = failure(cluster)
    assert "Not allowed to patch Deployment web" in message and "rollback_on_failure: false" in message and cluster.patches == []


def test_check_mode_predicts_the_rollback_on_failure():
    result = predict(Cluster(), PARAMS)
    assert result["actions"] == ["wait until Deployment web is complete, otherwise roll back to the last good revision"]


def test_change_records_the_last_good_revision_in_the_same_write():
    cluster = Cluster()
    cluster.objects = {"Deployment": [web("app:1", available=1)], "ReplicaSet": [revision(2, "new", "app:1")], "Pod": [serving("new")]}
    roll_out(cluster, {**PARAMS, "workloads": [{"kind": "Deployment", "name": "web", "images": {"app": "app:3"}}]})
    kind, _name, operations = cluster.patches[0]
    written = {item["path"]: item["value"] for item in operations}
    assert kind == "Deployment" and written["/metadata/annotations/runbook.minikube~1served"] == "web-new"


def test_restart_records_the_last_good_revision():
    cluster = Cluster()
    cluster.objects = {"Deployment": [web("app:1", available=1)], "ReplicaSet": [revision(2, "new", "app:1")], "Pod": [serving("new")]}
    roll_out(cluster, {**PARAMS, "restart": "always"})
    assert cluster.patches[0][2]["metadata"] == {"annotations": {LAST_GOOD_REVISION: "web-new"}}


class Blocked(Cluster):
    """A StatefulSet at its last good revision, with a pod that is stuck at a previous revision until it is deleted."""

    def __init__(self):
        super().__init__()
        snapshot, _db = stateful("app:1")
        self.objects = {kind: snapshot.observation.of(kind) for kind in ("StatefulSet", "ControllerRevision", "Pod")}
        self.deleted, self.gone = [], threading.Event()

    def delete(self, _kind, name, _namespace, body):
        self.deleted.append((name, body["preconditions"]["uid"]))
        self.gone.set()

    def watch(self, kind, *_what):
        self.gone.wait(10)
        mended = serving("db-one", owner="db", label="controller-revision-hash", uid="fresh")
        steps = {
            "Pod": [("DELETED", self.objects["Pod"][1]), ("ADDED", mended)], "StatefulSet": [("MODIFIED", self.complete())]
        }
        for step, obj in steps.get(kind, []):
            obj["metadata"]["resourceVersion"] = "2"
            yield step, obj
        threading.Event().wait(10)

    def complete(self):
        obj = copy.deepcopy(self.objects["StatefulSet"][0])
        obj["spec"]["replicas"] = 2
        obj["status"]["availableReplicas"] = 2
        return obj


def test_stuck_pod_is_deleted_and_the_wait_continues():
    cluster = Blocked()
    params = {**PARAMS, "workloads": [{"kind": "StatefulSet", "name": "db", "dapr": None}]}
    result = roll_out(cluster, params)
    assert cluster.deleted == [("web-db-new-1", "web-db-new-1")] and result["changed"]
    assert any("delete pod web-db-new-1" in action for action in result["actions"])
    with pytest.raises(RunbookError, match="delete the pod"):
        roll_out(Blocked(), {**params, "rollback_on_failure": False})
