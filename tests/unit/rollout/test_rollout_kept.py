# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollback keeps NODE_OPTIONS where runbook-network applied it: it belongs to the cluster's network, and not to the application's version."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.field_managers import NETWORK, env_owners, owned_env
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.last_good import last_good_revisions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.revisions import ROLLED_BACK
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.rollback_plan import plan_rollback
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import RolloutStatus, WaitOptions, WorkloadStatus
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.snapshot import Snapshot
from test_rollout_changes import changes, labelled, revision, template, workload
from workload_objects import START, WEB, observe

FLAG = "--no-network-family-autoselection"
CURE = {"name": "NODE_OPTIONS", "value": f"--max-old-space-size=200 {FLAG}"}
A, B = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}


def key(name):
    return "k:" + json.dumps({"name": name}, separators=(",", ":"))


def managed(manager=NETWORK, operation="Apply"):
    fields = {"f:env": {key("NODE_OPTIONS"): {".": {}, "f:name": {}, "f:value": {}}}}
    tree = {"f:spec": {"f:template": {"f:spec": {"f:containers": {key("app"): {".": {}, **fields}}}}}}
    return {"manager": manager, "operation": operation, "fieldsV1": tree}


OLD, NEW = (labelled(template(image, env=[A, B])) for image in ("app:1", "app:2"))
CURED_OLD, CURED_NEW = (labelled(template(image, env=[A, B, CURE])) for image in ("app:1", "app:2"))
SETS = [revision(1, OLD, "one"), revision(2, NEW, "two"), revision(3, CURED_NEW, "three")]


def cured(tmpl=CURED_NEW, **more):
    return workload(tmpl, managed=[managed()], **more)


def test_owners_of_an_entry_are_read_from_managed_fields():
    entries = [managed(), managed("kubectl", "Update")]
    assert env_owners(entries, "app", "NODE_OPTIONS") == {NETWORK, "kubectl"} and env_owners(entries, "side", "NODE_OPTIONS") == set()
    assert owned_env(entries, NETWORK) == {("app", "NODE_OPTIONS")} and owned_env(entries, "runbook-deploy") == set()


def test_previous_revision_is_that_of_the_application_and_gets_the_entry():
    (change,) = changes(obj=cured(), sets=SETS, state="rolled_back")
    assert change.after["template"] == CURED_OLD and change.steps == ("roll back to revision 1",)
    assert changes(obj=cured(), sets=SETS, state="rolled_back", to_revision=2) == []


def test_second_rollback_changes_nothing_although_the_restored_revision_is_another_object():
    sets = [*SETS, revision(4, CURED_OLD, "four")]
    assert changes(obj=cured(CURED_OLD, annotations={ROLLED_BACK: "web-three web-one"}), sets=sets, state="rolled_back") == []


def test_an_entry_of_another_manager_is_not_kept():
    obj = workload(CURED_NEW, managed=[managed("runbook-deploy")])
    (change,) = changes(obj=obj, sets=SETS, state="rolled_back")
    assert change.after["template"] == NEW


def test_the_entry_keeps_its_place_so_that_equal_templates_stay_equal():
    live = labelled(template("app:2", env=[A, CURE, B]))
    (change,) = changes(obj=cured(live), sets=SETS[:2], state="rolled_back")
    assert change.after["template"]["spec"]["containers"][0]["env"] == [A, CURE, B] and change.steps == ("roll back to revision 1",)


def test_an_older_value_of_the_cure_is_replaced_and_one_with_other_flags_is_a_conflict():
    older = labelled(template("app:1", env=[A, B, {"name": "NODE_OPTIONS", "value": "--max-old-space-size=200 --dns-result-order=ipv4first"}]))
    (change,) = changes(obj=cured(), sets=[revision(1, older, "one"), SETS[2]], state="rolled_back")
    assert change.after["template"] == CURED_OLD
    for entry in ({"value": "--enable-source-maps"}, {"valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}):
        older = labelled(template("app:1", env=[A, B, {"name": "NODE_OPTIONS", **entry}]))
        with pytest.raises(RunbookError, match=f"is owned by {NETWORK}"):
            changes(obj=cured(), sets=[revision(1, older, "one"), SETS[2]], state="rolled_back")


def test_a_container_without_the_entry_is_left_alone():
    older = copy.deepcopy(OLD)
    older["spec"]["containers"][0]["name"] = "renamed"
    (change,) = changes(obj=cured(), sets=[revision(1, older, "one"), SETS[2]], state="rolled_back")
    assert change.after["template"] == older


def snapshot(obj, sets):
    return Snapshot(observe(Deployment=[obj], ReplicaSet=sets), START, WaitOptions())


def test_rollback_after_a_failure_keeps_the_entry():
    failing = labelled(template("app:3", env=[A, B, CURE]))
    observed = snapshot(cured(failing), [*SETS[:2], revision(4, failing, "four")])
    (item,) = plan_rollback(observed, {WEB: "web-two"}, {WEB}, "me@here", False)
    assert item.actions[0].after["template"] == CURED_NEW, item


def test_a_restored_revision_is_the_last_good_one_also_with_the_entry():
    obj = cured(CURED_OLD, annotations={ROLLED_BACK: "web-three web-one"})
    observed = snapshot(obj, [*SETS, revision(4, CURED_OLD, "four")])
    status = RolloutStatus("progressing", (WorkloadStatus(WEB, "progressing"),))
    assert last_good_revisions(observed, status) == {WEB: "web-four"}
