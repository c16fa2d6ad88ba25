# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.compare import DryRun
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.report import dry_run_report

REQUESTED = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "frontend", "namespace": "default"}, "spec": {"ports": [{"port": 3000}]}}
STORED = {
    **REQUESTED,
    "metadata": {
        **REQUESTED["metadata"], "resourceVersion": "17", "uid": "u-1", "labels": {"a": "1"},
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
def test_unchanged_object(change):
    assert DryRun(REQUESTED, STORED, after(change)).action == "unchanged"


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_changed_object(change):
    assert DryRun(REQUESTED, STORED, after(change)).action == "change"


def test_missing_object_is_created():
    assert DryRun(REQUESTED, None, STORED).action == "create"


def test_rolling_update_requires_a_changed_pod_template():
    def deployment(replicas, image):
        return {**STORED, "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}

    before = deployment(1, "app:1")
    runs = [DryRun(REQUESTED, *pair) for pair in (
        (before, deployment(1, "app:2")), (before, deployment(2, "app:1")), (before, before), (None, before), (before, None), (STORED, STORED),
    )]  # fmt: skip
    assert [entry["rolling_update"] for entry in dry_run_report(runs)["objects"]] == [True, False, False, False, False, False]


def test_refused_object_is_not_unchanged():
    run = DryRun(REQUESTED, STORED, None, "conflict with kubectl-set")
    assert run.action == "refused"
    assert dry_run_report([run])["objects"][0]["msg"] == "conflict with kubectl-set"


def test_pending_objects_keep_their_order():
    other = {**REQUESTED, "metadata": {"name": "backend-api", "namespace": "default"}}
    result = dry_run_report([DryRun(REQUESTED, None, STORED), DryRun(other, STORED, STORED), DryRun(REQUESTED, STORED, None, "no")])
    assert result["pending"] == [REQUESTED, REQUESTED]
    assert [(entry["action"], entry["kind"], entry["name"]) for entry in result["objects"]] == [
        ("create", "Service", "frontend"), ("unchanged", "Service", "backend-api"), ("refused", "Service", "frontend"),
    ]  # fmt: skip


def test_changed_data_of_a_config_map_that_exists():
    def config_map(value: str, **labels) -> dict:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": labels}, "data": {"a": value}}

    def changed(before, after) -> bool:
        return DryRun(after, before, after).data_changed

    assert changed(config_map("1"), config_map("2"))
    assert not changed(config_map("1"), config_map("1", app="x")) and not changed(None, config_map("1"))
    assert not changed({**config_map("1"), "kind": "Secret"}, {**config_map("2"), "kind": "Secret"})
