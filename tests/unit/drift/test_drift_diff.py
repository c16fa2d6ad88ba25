# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.drift.diff import message_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.compare import DryRun

LIVE = {
    "kind": "Deployment",
    "metadata": {"name": "web", "resourceVersion": "7", "generation": 2, "labels": {"a": "b"}},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
    "status": {"readyReplicas": 1},
}


def changed(**parts):
    return DryRun(LIVE, LIVE, {**copy.deepcopy(LIVE), **parts})


def with_container(**parts):
    spec = copy.deepcopy(LIVE["spec"])
    spec["template"]["spec"]["containers"][0].update(parts)
    return spec


def test_server_fields_are_not_a_difference():
    metadata = {"name": "web", "resourceVersion": "8", "generation": 3, "labels": {"a": "b"}}
    assert message_of(changed(status={"readyReplicas": 0}, metadata=metadata)) == ""


def test_changed_value_is_named_by_path_but_not_shown():
    assert message_of(changed(spec=with_container(image="web:secret"))) == "differs in spec.template.spec.containers[0].image"


@pytest.mark.parametrize("labels, path", [({}, "metadata.labels.a"), ({"a": "b", "c": "d"}, "metadata.labels.c")])
def test_removed_or_added_key_is_a_difference(labels, path):
    assert message_of(changed(metadata={"name": "web", "labels": labels})) == f"differs in {path}"


def test_lists_of_another_length_differ_as_a_whole():
    spec = copy.deepcopy(LIVE["spec"])
    spec["template"]["spec"]["containers"].append({"name": "more", "image": "more:1"})
    assert message_of(changed(spec=spec)) == "differs in spec.template.spec.containers"


def test_many_differences_are_counted():
    assert message_of(changed(spec={str(number): number for number in range(5)})) == "differs in spec.0, spec.1, spec.2 and 4 more"


def test_missing_and_refused_objects():
    assert message_of(DryRun(LIVE, None, LIVE)) == "does not exist"
    assert message_of(DryRun(LIVE, None, None, "conflict with kubectl")) == "conflict with kubectl"
