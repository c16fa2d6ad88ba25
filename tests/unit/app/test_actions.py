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
    {"action": "keep", "kind": "Service", "name": "a", "namespace": "x", "rolls": False},
    {"action": "change", "kind": "Deployment", "name": "a", "namespace": "x", "rolls": True},
    {"action": "create", "kind": "ConfigMap", "name": "n", "namespace": "x", "rolls": False},
]}
ASKED = {"objects": [
    {"action": "create", "kind": "ConfigMap", "name": "n", "namespace": "x", "rolls": False},
    {"action": "create", "kind": "Deployment", "name": "a", "namespace": "y", "rolls": False},
]}
ROLLING = {"objects": [
    {"action": "change", "kind": "Deployment", "name": "a", "namespace": "x", "rolls": True},
    {"action": "change", "kind": "StatefulSet", "name": "b", "namespace": "x", "rolls": True},
]}
ROLLOUT = {"changes": [
    {"what": "restart", "kind": "Deployment", "name": "a", "says": "restart Deployment a"},
    {"what": "change", "kind": "StatefulSet", "name": "b", "says": "StatefulSet b: image x"},
]}  # fmt: skip


def lines(results: dict) -> list[str]:
    return [" ".join(action.values()) for action in ACTIONS(results)]


@pytest.mark.parametrize(("results", "expected"), [
    ({"images": IMAGES}, ["build Image a:1", "tag Image c:latest", "build Image d"]),
    ({"secrets": SECRETS}, ["create Secret s", "change Secret t"]),
    ({"manifests": APPLIED}, ["change Deployment a", "create ConfigMap n"]),
    ({"manifests": APPLIED, "asked": ASKED}, ["change Deployment a", "create ConfigMap n"]),
    ({"asked": ASKED}, []),
    ({"manifests": {"skipped": True}, "asked": ASKED}, ["create ConfigMap n", "create Deployment a"]),
    ({"namespace": NAMESPACE}, ["create Namespace bench"]),
    ({"dapr": {"changed": True, "status": {"name": "dapr"}}}, ["install Release dapr"]),
    ({"rollout": ROLLOUT}, ["restart Deployment a", "change StatefulSet b"]),
    ({"rollout": ROLLOUT, "asked": ROLLING}, ["change StatefulSet b"]),
])  # fmt: skip
def test_each_step(results, expected):
    assert lines(results) == expected


def test_the_order_is_that_of_the_run():
    assert lines({"rollout": ROLLOUT, "secrets": SECRETS, "images": IMAGES})[::3] == ["build Image a:1", "create Secret s", "change StatefulSet b"]


@pytest.mark.parametrize("result", [None, {}, {"changed": False, "skipped": True}, {"changed": False}])
def test_a_step_that_did_nothing(result):
    steps = ("namespace", "dapr", "images", "secrets", "manifests", "rollout")
    assert ACTIONS({step: result for step in steps}) == []


def test_a_step_that_there_is_not_is_named():
    with pytest.raises(AnsibleFilterError, match="no step image\\."):
        ACTIONS({"image": {}})
