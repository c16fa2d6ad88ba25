# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The revisions of workloads: what changed, when, why and by whom."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.history import HistoryOptions, report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import Workload
from workload_objects import WEB, at, deployment, observe, replica_set

RESTARTED = "kubectl.kubernetes.io/restartedAt"


def template(image="app:1", env=(), annotations=None) -> dict:
    metadata = {"annotations": annotations} if annotations else {}
    return {"metadata": metadata, "spec": {"containers": [{"name": "app", "image": image, **({"env": list(env)} if env else {})}]}}


def stored(number: int, made: dict, cause="") -> dict:
    item = replica_set(f"hash{number}", str(number))
    item["metadata"]["annotations"].update({"kubernetes.io/change-cause": cause} if cause else {})
    item["metadata"]["creationTimestamp"] = at(number)
    return {**item, "spec": {"template": made}}


def history(*sets: dict, managed=()) -> dict:
    """The result for a Deployment that is at the last of the revisions."""
    deploy = deployment()
    deploy["spec"]["template"] = sets[-1]["spec"]["template"]
    deploy["metadata"]["managedFields"] = list(managed)
    return report(observe(Deployment=[deploy], ReplicaSet=sets))


def test_images_changes_cause_and_user():
    result = history(
        stored(1, template(), "deploy shop (by alice@laptop)"), stored(2, template("app:2", [{"name": "MODE", "value": "a-secret"}]), "by hand"),
        stored(3, template("app:2", [{"name": "MODE", "value": "a-secret"}], {RESTARTED: at(9)}), "more memory: restart (by bob@desk)"),
    )  # fmt: skip
    assert result["summary"] == [
        "Deployment web: 3 revisions",
        f"  3 (current); {at(3)}; app=app:2; cause: more memory: restart; by bob@desk; changed: restart",
        f"  2; {at(2)}; app=app:2; cause: by hand; changed: set containers[app].image to app:2, set containers[app].env",
        f"  1; {at(1)}; app=app:1; cause: deploy shop; by alice@laptop",
    ]  # fmt: skip
    assert "a-secret" not in str(result)
    assert [one["by"] for one in result["workloads"][0]["revisions"]] == ["alice@laptop", "", "bob@desk"]


def test_without_a_cause_the_field_manager_of_the_current_revision_is_named():
    managed = [
        {"manager": "kubectl-set", "time": at(2), "fieldsV1": {"f:spec": {"f:template": {}}}},
        {"manager": "runbook-deploy", "time": at(1), "fieldsV1": {"f:spec": {"f:template": {}}}},
    ]  # fmt: skip
    result = history(stored(1, template()), stored(2, template("app:2")), managed=managed)
    assert [one["by"] for one in result["workloads"][0]["revisions"]] == ["", "field manager kubectl-set"]


def test_many_changes_are_counted():
    changed = template("app:2")
    changed["spec"].update({name: name for name in ("hostname", "nodeName", "schedulerName", "serviceAccountName", "subdomain", "priorityClassName")})
    assert history(stored(1, template()), stored(2, changed))["summary"][1].endswith("and 2 more")


def test_unknown_workload_is_refused_with_the_known_ones():
    with pytest.raises(RunbookError, match="workloads: Deployment wbe does not exist in namespace default. Existing: web."):
        report(observe(Deployment=[deployment()], ReplicaSet=[], workloads=[Workload("Deployment", "wbe")]))
    with pytest.raises(RunbookError, match="None exists"):
        report(observe(Deployment=[], ReplicaSet=[], workloads=[WEB]))


def test_no_workload_is_refused():
    with pytest.raises(RunbookError, match="workloads must not be empty"):
        HistoryOptions.of({"namespace": "default", "workloads": []})
