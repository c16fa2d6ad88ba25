# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of a workload compared with its release that may prevent the start of its containers."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import OPERATOR
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.template_diff import restored_spec, template_differences
from dapr_objects import control_object

MOUNT = {"name": "data", "mountPath": "/data"}
RELEASED = control_object(OPERATOR, env=[{"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}, {"name": "EMPTY", "value": ""}])


def test_defaults_of_the_api_server_are_not_a_difference():
    field = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    env = [{"name": "NAMESPACE", "valueFrom": field}, {"name": "EMPTY"}]
    live = control_object(OPERATOR, env=env, terminationMessagePath="/dev/termination-log", volumeMounts=[MOUNT])
    released_env = RELEASED["spec"]["template"]["spec"]["containers"][0]["env"]
    assert template_differences(live, control_object(OPERATOR, env=released_env, volumeMounts=[{**MOUNT, "readOnly": False}])) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"image": "dapr:2"}, "image"), ({"args": []}, "args"), ({"args": ["--log-level", "info", "--more"]}, "args"),
     ({"env": [*RELEASED["spec"]["template"]["spec"]["containers"][0]["env"], {"name": "MORE", "value": "1"}]}, "env")],
)  # fmt: skip
def test_changed_field_is_named(changed, named):
    env = RELEASED["spec"]["template"]["spec"]["containers"][0]["env"]
    assert template_differences(control_object(OPERATOR, **{"env": env, **changed}), RELEASED) == [f"dapr-operator's {named}"]


def test_added_container_is_named():
    live = control_object(OPERATOR, env=RELEASED["spec"]["template"]["spec"]["containers"][0]["env"])
    live["spec"]["template"]["spec"]["containers"].append({"name": "guest"})
    assert template_differences(live, RELEASED) == ["container guest"]


def test_only_mutable_fields_are_restored():
    assert set(restored_spec({"spec": {"template": {}, "replicas": 1, "selector": {}, "volumeClaimTemplates": []}})) == {"template", "replicas"}
