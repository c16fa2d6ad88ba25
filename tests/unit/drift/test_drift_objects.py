# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.drift.objects import says

LIVE = {
    "kind": "Deployment",
    "metadata": {"name": "web", "resourceVersion": "7", "generation": 2, "managedFields": [{"manager": "other"}], "labels": {"a": "b"}},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
    "status": {"readyReplicas": 1},
}


def changed(**parts):
    return {**copy.deepcopy(LIVE), **parts}


def test_what_the_server_and_controllers_write_is_no_difference():
    applied = changed(status={"readyReplicas": 0}, metadata={"name": "web", "resourceVersion": "8", "generation": 3, "labels": {"a": "b"}})
    assert says(LIVE, applied) == ""


def test_a_changed_value_is_named_by_its_path_and_not_shown():
    spec = copy.deepcopy(LIVE["spec"])
    spec["template"]["spec"]["containers"][0]["image"] = "web:secret"
    assert says(LIVE, changed(spec=spec)) == "differs in spec.template.spec.containers[0].image"


@pytest.mark.parametrize("labels, path", [({}, "metadata.labels.a"), ({"a": "b", "c": "d"}, "metadata.labels.c")])
def test_what_goes_or_comes_is_a_difference(labels, path):
    assert says(LIVE, changed(metadata={"name": "web", "labels": labels})) == f"differs in {path}"


def test_lists_of_another_length_differ_as_a_whole():
    spec = copy.deepcopy(LIVE["spec"])
    spec["template"]["spec"]["containers"].append({"name": "more", "image": "more:1"})
    assert says(LIVE, changed(spec=spec)) == "differs in spec.template.spec.containers"


def test_many_differences_are_counted():
    assert says(LIVE, changed(spec={str(number): number for number in range(5)})) == "differs in spec.0, spec.1, spec.2 and 4 more"
