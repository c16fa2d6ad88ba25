# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The list of a deploy's actions, from results as the modules return them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.filter.actions import FilterModule

ACTIONS = FilterModule().filters()["actions"]


IMAGES = {"images": [
    {"name": "a", "reference": "a:1", "action": "built"}, {"name": "b", "reference": "b:2", "action": "reused"},
    {"name": "c", "reference": "c:latest", "action": "tagged"}, {"name": "d", "reference": None, "action": "built"},
]}  # fmt: skip
SECRETS = {"secrets": [{"name": "s", "action": "created"}, {"name": "t", "action": "updated"}, {"name": "u", "action": "unchanged"}]}
NAMESPACE = {"changed": True, "method": "create", "result": {"kind": "Namespace", "metadata": {"name": "bench"}}}
APPLIED = {"changed": True, "objects": [
    {"action": "unchanged", "kind": "Service", "name": "a", "namespace": "x", "rolling_update": False},
    {"action": "change", "kind": "Deployment", "name": "a", "namespace": "x", "rolling_update": True},
    {"action": "create", "kind": "ConfigMap", "name": "n", "namespace": "x", "rolling_update": False},
]}
PREDICTED = {"objects": [
    {"action": "create", "kind": "ConfigMap", "name": "n", "namespace": "x", "rolling_update": False},
    {"action": "create", "kind": "Deployment", "name": "a", "namespace": "y", "rolling_update": False},
]}
ROLLING = {"objects": [
    {"action": "change", "kind": "Deployment", "name": "a", "namespace": "x", "rolling_update": True},
    {"action": "change", "kind": "StatefulSet", "name": "b", "namespace": "x", "rolling_update": True},
]}
ROLLOUT = {"changes": [
    {"what": "restart", "kind": "Deployment", "name": "a", "message": "restart Deployment a"},
    {"what": "change", "kind": "StatefulSet", "name": "b", "message": "StatefulSet b: image x"},
]}  # fmt: skip


def lines(results: dict) -> list[str]:
    return [" ".join(action.values()) for action in ACTIONS(results)]


@pytest.mark.parametrize(("results", "expected"), [
    ({"images": IMAGES}, ["build Image a:1", "tag Image c:latest", "build Image d"]),
    ({"secrets": SECRETS}, ["create Secret s", "change Secret t"]),
    ({"manifests": APPLIED}, ["change Deployment a", "create ConfigMap n"]),
    ({"manifests": APPLIED, "dry_run": PREDICTED}, ["change Deployment a", "create ConfigMap n"]),
    ({"dry_run": PREDICTED}, []),
    ({"manifests": {"skipped": True}, "dry_run": PREDICTED}, ["create ConfigMap n", "create Deployment a"]),
    ({"namespace": NAMESPACE}, ["create Namespace bench"]),
    ({"dapr": {"changed": True, "status": {"name": "dapr"}}}, ["install Release dapr"]),
    ({"rollout": ROLLOUT}, ["restart Deployment a", "change StatefulSet b"]),
    ({"rollout": ROLLOUT, "dry_run": ROLLING}, ["change StatefulSet b"]),
])  # fmt: skip
def test_actions_of_each_step(results, expected):
    assert lines(results) == expected


def test_actions_are_in_the_order_of_the_run():
    assert lines({"rollout": ROLLOUT, "secrets": SECRETS, "images": IMAGES})[::3] == ["build Image a:1", "create Secret s", "change StatefulSet b"]


@pytest.mark.parametrize("result", [None, {}, {"changed": False, "skipped": True}, {"changed": False}])
def test_step_without_changes(result):
    steps = ("namespace", "dapr", "images", "secrets", "manifests", "rollout")
    assert ACTIONS({step: result for step in steps}) == []


def test_unknown_step_is_named():
    with pytest.raises(AnsibleFilterError, match="does not know the step image\\."):
        ACTIONS({"image": {}})


@pytest.mark.parametrize(("check_mode", "done", "nothing"), [(False, "Done: build Image a:1.", "Nothing was changed."),
                                                             (True, "Would be done: build Image a:1.", "Nothing would be changed.")])  # fmt: skip
def test_deploy_summary(check_mode, done, nothing):
    summary = FilterModule().filters()["deploy_summary"]
    actions = [{"what": "build", "kind": "Image", "name": "a:1"}]
    checks = [{"name": "api", "url": "http://192.0.2.7:1/"}, {"name": "address", "url": "http://192.0.2.7:2/"}]
    assert summary(actions, "todo", [], check_mode) == [done]
    assert summary([], "todo", checks, check_mode) == [nothing, "todo is deployed. Open http://192.0.2.7:2/"]
