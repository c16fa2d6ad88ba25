# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The list of a deploy's actions, from results as the modules return them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.filter.actions import FilterModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.actions import IMAGE_ACTIONS, PARTICIPLES, PENDING, SECRET_ACTIONS
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.actions import OwnershipTransfer, PodDeletion, Restart, SpecChange

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


SUMMARY = FilterModule().filters()["deploy_summary"]
DONE = [
    {"what": "create", "kind": "Namespace", "name": "x"}, {"what": "build", "kind": "Image", "name": "a:1"}, {"what": "tag", "kind": "Image", "name": "b:1"},
    {"what": "build", "kind": "Image", "name": "c:1"}, {"what": "change", "kind": "Deployment", "name": "a"}, {"what": "create", "kind": "Secret", "name": "s"},
    {"what": "restart", "kind": "Deployment", "name": "b"}, {"what": "install", "kind": "Release", "name": "dapr"},
]  # fmt: skip


def test_deploy_summary_has_a_line_for_each_action_in_groups():
    assert SUMMARY(DONE, "todo", []) == [
        "Namespace x created", "Secret s created", "Image a:1 built", "Image c:1 built", "Image b:1 tagged", "Deployment a changed",
        "Deployment b restarted", "Release dapr installed",
    ]  # fmt: skip


@pytest.mark.parametrize(("check_mode", "line", "nothing"), [(False, "Image a:1 built", "Nothing was changed."),
                                                             (True, "Image a:1 would be built", "Nothing would be changed.")])  # fmt: skip
def test_deploy_summary_of_a_run_and_of_check_mode(check_mode, line, nothing):
    assert SUMMARY(DONE[1:2], "todo", [], check_mode) == [line]
    assert SUMMARY([], "todo", [], check_mode) == [nothing]


def test_the_address_has_a_line_of_its_own():
    checks = [{"name": "api", "url": "http://192.0.2.7:1/"}, {"name": "address", "url": "http://192.0.2.7:2/"}]
    assert SUMMARY(DONE[1:2], "todo", checks)[1:] == ["todo is deployed. Open http://192.0.2.7:2/"]


def test_every_operation_of_a_deploy_has_a_word():
    rollouts = (kind.what for kind in (SpecChange, OwnershipTransfer, PodDeletion, Restart))
    assert {*IMAGE_ACTIONS.values(), *SECRET_ACTIONS.values(), *PENDING, "install", *rollouts} <= set(PARTICIPLES)
