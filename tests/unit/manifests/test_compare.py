# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.compare import Trial, report

GIVEN = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "frontend", "namespace": "default"}, "spec": {"ports": [{"port": 3000}]}}
STORED = {
    **GIVEN,
    "metadata": {
        **GIVEN["metadata"], "resourceVersion": "17", "uid": "u-1", "labels": {"a": "1"},
        "managedFields": [
            {"manager": "runbook-deploy", "operation": "Apply", "time": "2025-01-01T00:00:00Z", "fieldsV1": {"f:spec": {}}},
            {"manager": "controller", "operation": "Update", "subresource": "status", "time": "2025-01-01T00:00:00Z", "fieldsV1": {}},
        ],
    },
    "status": {"loadBalancer": {}},
}  # fmt: skip


def after(change) -> dict:
    changed = copy.deepcopy(STORED)
    change(changed)
    return changed


SAME = {
    "nothing": lambda obj: None,
    "the version, as another wrote the status meanwhile": lambda obj: obj["metadata"].update(resourceVersion="18"),
    "the status": lambda obj: obj.update(status={"loadBalancer": {"ingress": []}}),
    "when a field was taken": lambda obj: obj["metadata"]["managedFields"][0].update(time="2026-01-01T00:00:00Z"),
    "the order of the managers": lambda obj: obj["metadata"]["managedFields"].reverse(),
}
OTHER = {
    "the spec": lambda obj: obj.update(spec={"ports": [{"port": 3001}]}),
    "a label": lambda obj: obj["metadata"].update(labels={"a": "2"}),
    "a field outside the spec": lambda obj: obj.update(data={"key": "value"}),
    "who owns a field": lambda obj: obj["metadata"]["managedFields"][0].update(fieldsV1={"f:spec": {}, "f:data": {}}),
    "one more owner": lambda obj: obj["metadata"]["managedFields"].append({"manager": "x", "operation": "Apply", "fieldsV1": {}}),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_kept(change):
    assert Trial(GIVEN, STORED, after(change)).action == "keep"


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_changed(change):
    assert Trial(GIVEN, STORED, after(change)).action == "change"


def test_what_is_not_there_is_made():
    assert Trial(GIVEN, None, STORED).action == "create"


def test_a_workload_rolls_with_its_pod_template_and_only_if_it_is_there():
    def deployment(replicas, image):
        return {**STORED, "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}

    before = deployment(1, "app:1")
    trials = [Trial(GIVEN, *pair) for pair in (
        (before, deployment(1, "app:2")), (before, deployment(2, "app:1")), (before, before), (None, before), (before, None), (STORED, STORED),
    )]  # fmt: skip
    assert [entry["rolls"] for entry in report(trials)["objects"]] == [True, False, False, False, False, False]


def test_a_refusal_is_never_taken_for_unchanged():
    trial = Trial(GIVEN, STORED, None, "conflict with kubectl-set")
    assert trial.action == "refused"
    assert report([trial])["objects"][0]["msg"] == "conflict with kubectl-set"


def test_pending_is_all_but_what_is_kept_in_the_order_given():
    other = {**GIVEN, "metadata": {"name": "backend-api", "namespace": "default"}}
    result = report([Trial(GIVEN, None, STORED), Trial(other, STORED, STORED), Trial(GIVEN, STORED, None, "no")])
    assert result["pending"] == [GIVEN, GIVEN]
    assert [(entry["action"], entry["kind"], entry["name"]) for entry in result["objects"]] == [
        ("create", "Service", "frontend"), ("keep", "Service", "backend-api"), ("refused", "Service", "frontend"),
    ]  # fmt: skip
