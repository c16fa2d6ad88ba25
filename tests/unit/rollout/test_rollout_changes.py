# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of images, env and replicas, and rollbacks; field managers; which revision is restored."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import field_managers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.actions import OwnershipTransfer, PodDeletion
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.apply import apply, spec_patch
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.options import RolloutOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.plan_changes import plan_changes
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.pod_template import differences, with_env, with_images
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.revisions import ROLLED_BACK, history, revisions_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import Workload
from test_rollout_run import PARAMS
from workload_objects import WEB, deployment, meta, observe, pod, replica_set

CAUSE = "kubernetes.io/change-cause"


def template(image="app:1", env=None, init=False):
    container = {"name": "app", "image": image, **({"env": env} if env else {})}
    extra = {"initContainers": [{"name": "wait", "image": "wait:1"}]} if init else {}
    return {"metadata": {"annotations": {}}, "spec": {"containers": [container, {"name": "side", "image": "side:1"}], **extra}}


def workload(tmpl=None, managed=(), annotations=None, **spec):
    obj = deployment(available=1, **spec)
    obj["spec"]["template"] = tmpl or template()
    obj["metadata"]["managedFields"] = list(managed)
    obj["metadata"]["annotations"].update(annotations or {})
    return obj


def revision(number, tmpl, name, former="", cause=""):
    item = replica_set(name, str(number))
    item["spec"]["template"] = copy.deepcopy(tmpl)
    item["spec"]["template"]["metadata"]["labels"] = {"pod-template-hash": name}
    item["metadata"]["annotations"].update({"deployment.kubernetes.io/revision-history": former, CAUSE: cause})
    return item


def labelled(tmpl):
    return {**tmpl, "metadata": {**tmpl["metadata"], "labels": {}}}


def changes(entry=None, obj=None, sets=(), **params):
    observation = observe(Deployment=[obj or workload()], ReplicaSet=sets)
    entries = [{"kind": "Deployment", "name": "web", **(entry or {})}]
    return plan_changes(observation, RolloutOptions.of({**PARAMS, "workloads": entries, **params}), "me@here")


def images(tmpl):
    return [item["image"] for group in ("initContainers", "containers") for item in tmpl["spec"].get(group, [])]


def test_images_by_container_and_for_all_containers():
    assert images(with_images(template(init=True), {"app": "app:2"}, "w")) == ["wait:1", "app:2", "side:1"]
    assert images(with_images(template(init=True), {"*": "all:1", "side": "side:2"}, "w")) == ["all:1", "all:1", "side:2"]


def test_env_keeps_order_replaces_references_and_removes_variables():
    before = template(env=[{"name": "A", "valueFrom": {"secretKeyRef": {}}}, {"name": "B", "value": "1"}, {"name": "C"}])
    after = with_env(before, {"app": {"A": "x", "B": None, "C": "", "D": 4}}, "w")["spec"]["containers"]
    assert after[0]["env"] == [{"name": "A", "value": "x"}, {"name": "C"}, {"name": "D", "value": "4"}] and "env" not in after[1]
    assert [item["env"] for item in with_env(template(), {"A": "x"}, "w")["spec"]["containers"]] == [[{"name": "A", "value": "x"}]] * 2
    assert with_env(template(env=[{"name": "A", "value": "1"}]), {"A": None}, "w") == template()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"images": {"ap": "a:1"}}, r"workloads\[0\].images: there is no container ap. Existing: app, side"),
        ({"images": {"app": None}}, "app needs an image reference"),
        ({"env": {"ap": {"A": "1"}}}, r"workloads\[0\].env: there is no container ap"),
        ({"env": {"A": True}}, "A must be a string. Quote the value"),
        ({"env": {"A": "1", "*": {"B": "2"}}}, "for all containers twice"),
        ({"replicas": -1}, "-1 is below 0"),
    ],
)
def test_invalid_changes_are_refused(entry, message):
    with pytest.raises(RunbookError, match=message):
        changes(entry)


def test_no_change_if_values_are_set_already():
    obj = workload(template(env=[{"name": "A", "value": "1"}]))
    assert changes({"images": {"app": "app:1"}, "env": {"app": {"A": "1", "B": None}}, "replicas": 1}, obj) == []
    assert changes({}, obj) == []


def test_change_cause_names_the_changes_and_the_user():
    (change,) = changes({"images": {"app": "app:2"}, "env": {"app": {"KEY": "hidden"}}, "replicas": 3})
    assert change.steps == ("set containers[app].image to app:2", "set containers[app].env", "scale from 1 to 3") and change.rolls
    assert change.annotations[CAUSE] == "set containers[app].image to app:2; set containers[app].env; scale from 1 to 3 (by me@here)"
    assert "hidden" not in str(change) + "".join(change.lines) and "app:1" in change.lines[0] and "app:2" in change.lines[1]
    assert changes({"images": {"app": "app:2"}}, change_cause="order 42")[0].annotations[CAUSE] == "order 42"


def test_scaling_replaces_no_pods_and_keeps_the_change_cause():
    (change,) = changes({"replicas": 3})
    assert not change.rolls and change.new_annotations == ()
    assert spec_patch(change) == [
        {"op": "test", "path": "/metadata/generation", "value": 2}, {"op": "add", "path": "/spec/replicas", "value": 3}
    ]


def test_patch_tests_the_spec_and_keeps_other_annotations():
    (change,) = changes({"images": {"app": "app:2"}}, change_cause="x")
    assert [item["path"] for item in spec_patch(change)] == [
        "/metadata/generation", "/spec/template", "/metadata/annotations/kubernetes.io~1change-cause"
    ]
    bare = workload()
    bare["metadata"]["annotations"] = None
    (change,) = changes({"images": {"app": "app:2"}}, bare, change_cause="x")
    assert spec_patch(change)[-1] == {"op": "add", "path": "/metadata/annotations", "value": {CAUSE: "x"}}


def test_daemonset_replicas_and_blocked_rollouts_are_refused():
    obj = workload()
    params = {**PARAMS, "workloads": [{"kind": "DaemonSet", "name": "web", "replicas": 2}]}
    with pytest.raises(RunbookError, match="cannot be scaled"):
        plan_changes(observe(workloads=[Workload("DaemonSet", "web")], DaemonSet=[obj]), RolloutOptions.of(params), "me")
    with pytest.raises(RunbookError, match="paused, so its pods would not be replaced"):
        changes({"images": {"app": "app:2"}}, workload(paused=True))
    with pytest.raises(RunbookError, match="update strategy OnDelete"):
        changes({"images": {"app": "app:2"}}, workload(updateStrategy={"type": "OnDelete"}))


def owned(manager, fields, operation="Update", **more):
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


APP = 'k:{"name":"app"}'
IMAGE = {"f:spec": {"f:template": {"f:spec": {"f:containers": {APP: {".": {}, "f:image": {}}}}}}}
REPLICAS = {"f:spec": {"f:replicas": {}}}


def test_conflicts_name_manager_and_field_unless_forced():
    obj = workload(managed=[owned("somebody", IMAGE)])
    with pytest.raises(RunbookError, match=r"spec.template.spec.containers\[app\].image is owned by somebody.*force_conflicts"):
        changes({"images": {"app": "app:2"}}, obj)
    assert changes({"images": {"app": "app:2"}}, obj, force_conflicts=True)
    assert changes({"images": {"side": "side:2"}}, obj) and changes({"replicas": 2}, obj)
    scaler = workload(managed=[owned("kube-controller-manager", REPLICAS, subresource="scale")])
    with pytest.raises(RunbookError, match="spec.replicas is owned by kube-controller-manager"):
        changes({"replicas": 2}, scaler)


@pytest.mark.parametrize(
    "entry",
    [owned("runbook-deploy", IMAGE, "Apply"), owned("runbook-deploy", IMAGE), owned("runbook-rollout", IMAGE),
     owned("controller", IMAGE, subresource="status")],
)
def test_own_managers_and_status_do_not_conflict(entry):
    assert changes({"images": {"app": "app:2"}}, workload(managed=[entry]))


def test_conflicts_cover_removed_items_sets_and_ports():
    ports = {"f:spec": {"f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:name": {}}}}}
    before = {"spec": {"ports": [{"containerPort": 80, "name": "a"}]}}
    assert field_managers.conflicts(before, {"spec": {"ports": [{"containerPort": 80, "name": "b"}]}}, [owned("x", ports)]) == [
        ("x", "spec.ports[80, TCP].name")
    ]
    assert field_managers.conflicts(before, {"spec": {"ports": []}}, [owned("x", ports)]) == [("x", "spec.ports[80, TCP]")]
    sets = {"f:spec": {"f:names": {'v:"a"': {}, 'v:"b"': {}}}}
    assert field_managers.conflicts({"spec": {"names": ["a", "b"]}}, {"spec": {"names": ["b"]}}, [owned("x", sets)]) == [("x", "spec.names[a]")]


def test_updated_fields_are_migrated_to_applied_fields():
    restart = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}}}
    other = owned("somebody", REPLICAS)
    managed = [owned("runbook-deploy", REPLICAS, "Apply"), other, owned("runbook-deploy", field_managers._union(IMAGE, restart))]
    assert field_managers.needs_migration(managed)
    mine, theirs = field_managers.migrate_managed_fields(managed)
    assert theirs == other and mine["operation"] == "Apply" and not field_managers.needs_migration([mine, theirs])
    assert mine["fieldsV1"]["f:spec"]["f:replicas"] == {} and "restartedAt" not in json.dumps(mine)
    assert mine["fieldsV1"]["f:spec"]["f:template"]["f:spec"] == IMAGE["f:spec"]["f:template"]["f:spec"]
    (alone,) = field_managers.migrate_managed_fields([owned("runbook-deploy", IMAGE)])
    assert alone == owned("runbook-deploy", IMAGE, "Apply")


def test_ownership_of_an_interrupted_run_is_transferred():
    obj = workload(managed=[owned("runbook-deploy", IMAGE)])
    assert changes({"images": {"app": "app:1"}}, obj) == [OwnershipTransfer(WEB)]


OLD, MIDDLE, NEW = (labelled(template(f"app:{number}")) for number in (1, 2, 3))
SETS = [revision(3, NEW, "three"), revision(1, OLD, "one"), revision(2, MIDDLE, "two", cause="order 41")]


def test_rollback_restores_the_template_without_its_hash():
    (change,) = changes(obj=workload(NEW), sets=SETS, state="rolled_back")
    assert change.after["template"] == MIDDLE and change.steps == ("roll back to revision 2 (order 41)",)
    assert change.annotations[ROLLED_BACK] == "web-three web-two" and change.annotations[CAUSE].startswith("roll back to revision 2")


def test_rollback_to_a_current_or_previous_revision_number():
    assert changes(obj=workload(NEW), sets=SETS, state="rolled_back", to_revision=1)[0].after["template"] == OLD
    assert changes(obj=workload(NEW), sets=SETS, state="rolled_back", to_revision=3) == []
    renumbered = [revision(4, OLD, "one", former="1"), *SETS[:1], *SETS[2:]]
    assert changes(obj=workload(OLD), sets=renumbered, state="rolled_back", to_revision=1) == []
    with pytest.raises(RunbookError, match=r"Deployment web has no revision 9. Existing: 1 \(app:1, side:1\), 2 "):
        changes(obj=workload(NEW), sets=SETS, state="rolled_back", to_revision=9)


def test_second_rollback_does_not_roll_forward():
    left = [revision(3, NEW, "three"), revision(4, MIDDLE, "two"), revision(1, OLD, "one")]
    mark = {ROLLED_BACK: "web-three web-two"}
    assert changes(obj=workload(MIDDLE, annotations=mark), sets=left, state="rolled_back") == []
    latest = labelled(template("app:4"))
    (change,) = changes(obj=workload(latest, annotations=mark), sets=[*left, revision(5, latest, "four")], state="rolled_back")
    assert change.after["template"] == MIDDLE
    again = [revision(5, NEW, "three"), *left[1:]]
    assert changes(obj=workload(NEW, annotations=mark), sets=again, state="rolled_back")[0].after["template"] == MIDDLE


def test_rollback_without_a_previous_revision_or_effect_is_refused():
    with pytest.raises(RunbookError, match="no previous revision to roll back to. Existing: 1 "):
        changes(obj=workload(OLD), sets=[revision(1, OLD, "one")], state="rolled_back")
    with pytest.raises(RunbookError, match="is paused, so a rollback would have no effect. Resume it"):
        changes(obj=workload(NEW, paused=True), sets=SETS, state="rolled_back")


def test_statefulset_revisions_are_its_controllerrevisions():
    db = Workload("StatefulSet", "db")
    obj = {"metadata": meta("db"), "spec": {"template": NEW}}
    items = [
        {"metadata": meta(f"db-{number}", owner="db", annotations={CAUSE: f"order {number}"}), "revision": number,
         "data": {"spec": {"template": {**tmpl, "$patch": "replace"}}}}
        for number, tmpl in ((2, NEW), (1, OLD))
    ]
    other = {"metadata": meta("x-1", owner="x"), "revision": 7, "data": {"spec": {"template": OLD}}}
    found = revisions_of(db, obj, observe(workloads=[db], ControllerRevision=[*items, other]))
    assert [(item["revision"], item["images"]["app"], item["change_cause"], item["current"]) for item in history(obj, found)] == [
        (1, "app:1", "order 1", False), (2, "app:3", "order 2", True)
    ]


def stateful(label, ready, tmpl=NEW):
    db = Workload("StatefulSet", "db")
    obj = workload(tmpl)
    obj["metadata"] = {**obj["metadata"], "name": "db", "uid": "db"}
    items = [
        {"metadata": meta(name, owner="db"), "revision": number, "data": {"spec": {"template": one}}}
        for name, number, one in (("db-old", 1, OLD), ("db-new", 2, NEW))
    ]
    one = pod("db-0", hash_=label, label="controller-revision-hash", owner="db")
    one["status"]["conditions"] = [{"type": "Ready", "status": ready}]
    observation = observe(pods=[one], workloads=[db], StatefulSet=[obj], ControllerRevision=items)
    return observation, RolloutOptions.of({**PARAMS, "state": "rolled_back", "workloads": [{"kind": "StatefulSet", "name": "db"}]})


def test_stuck_statefulset_pod_is_deleted_with_a_rollback():
    assert [type(action).__name__ for action in plan_changes(*stateful("db-new", "False"), "me")] == ["SpecChange", "PodDeletion"]
    assert [type(action).__name__ for action in plan_changes(*stateful("db-new", "True"), "me")] == ["SpecChange"]
    assert [type(action).__name__ for action in plan_changes(*stateful("db-old", "False"), "me")] == ["SpecChange"]
    observation, options = stateful("db-new", "False", OLD)
    (deletion,) = plan_changes(observation, replace(options, to_revision=1), "me")
    assert (deletion.pod, deletion.uid) == ("db-0", "db-0") and not deletion.rolls


class DeletingCluster:
    """A cluster whose controller observes the last change at the third read."""

    def __init__(self, refusal=None):
        self.reads, self.deleted, self.refusal = 0, [], refusal

    def can(self, *_what, **_more):
        return True

    def get(self, *_what):
        self.reads += 1
        return {"metadata": {"generation": 3}, "status": {"observedGeneration": 2 + (self.reads > 2)}}

    def delete(self, kind, name, namespace, body):
        self.deleted.append((self.reads, kind, name, namespace, body))
        if self.refusal:
            raise self.refusal


def test_stuck_pod_is_deleted_by_uid_after_the_controller_observed_the_change():
    deletion = PodDeletion(Workload("StatefulSet", "db"), "db-0", "uid-1")
    cluster = DeletingCluster()
    apply(cluster, "ns", [deletion])
    assert cluster.deleted == [(3, "Pod", "db-0", "ns", {"preconditions": {"uid": "uid-1"}})]
    apply(DeletingCluster(ApiError("another", 409, "Conflict")), "ns", [deletion])
    with pytest.raises(RunbookError, match="StatefulSet db: delete pod db-0.*: no. Nothing was changed"):
        apply(DeletingCluster(ApiError("no", 403, "Forbidden")), "ns", [deletion])


class ConflictingCluster:
    """A cluster whose updates of managedFields conflict so many times with the controller's own writes."""

    def __init__(self, times):
        self.times, self.patched = times, []

    def can(self, *_what, **_more):
        return True

    def get(self, *_what):
        return {"metadata": {"resourceVersion": "7", "managedFields": [owned("runbook-deploy", IMAGE)]}}

    def patch(self, _kind, _name, body, _namespace, **options):
        if isinstance(body, dict):
            self.times -= 1
            if self.times >= 0:
                raise ApiError("overtaken", 409, "Conflict")
        self.patched.append((body, options))


def test_change_is_recorded_as_applied_by_runbook_deploy_despite_conflicts():
    plan = changes({"images": {"app": "app:2"}})
    cluster = ConflictingCluster(2)
    apply(cluster, "ns", plan)
    (patch, options), (record, _more) = cluster.patched
    assert patch == spec_patch(plan[0]) and options["field_manager"] == "runbook-deploy"
    assert record["metadata"]["resourceVersion"] == "7" and [item["operation"] for item in record["metadata"]["managedFields"]] == ["Apply"]
    with pytest.raises(RunbookError, match="applied, but field ownership could not be transferred.*Run the task again"):
        apply(ConflictingCluster(99), "ns", plan)


def test_differences_show_only_image_values():
    before, after = template(env=[{"name": "A", "value": "geheim"}]), template("app:2", env=[{"name": "A", "value": "secret"}])
    assert differences(before, after) == [
        ("spec.containers[app].image", "app:1", "app:2"), ("spec.containers[app].env[A].value", "(a value)", "(another value)")
    ]
