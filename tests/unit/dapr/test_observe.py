# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""New pods are waited for only if the control plane is healthy."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import ORDER, PLACEMENT, SCHEDULER
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.injector import InjectorState
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.observe import ControlPlaneState
from dapr_objects import CA, OTHER_CA, cause, component_state, control_object, control_pod, webhook


def control(changed=None, component=PLACEMENT, ca=CA) -> ControlPlaneState:
    """A healthy control plane, apart from one changed component, and whose webhook has a CA bundle."""
    components = {one.name: component_state(one) for one in ORDER} | ({component.name: changed} if changed else {})
    return ControlPlaneState(InjectorState(CA.secret(), CA.configmap(), webhook(ca.anchors)), components, bundle_changed=None)


def test_healthy_without_a_scheduler_too():
    assert control().is_healthy
    assert control(component_state(SCHEDULER, obj=None), SCHEDULER).is_healthy


@pytest.mark.parametrize(
    "changed",
    [
        component_state(PLACEMENT, cause(PLACEMENT, "crash")),
        component_state(PLACEMENT, obj=control_object(PLACEMENT, replicas=0), pods=[]),
        component_state(PLACEMENT, old_certificate=(control_pod(PLACEMENT),)),
        component_state(PLACEMENT, wrong_anchors=(control_pod(PLACEMENT),)),
    ],
    ids=["not ready", "scaled to zero", "certificate of another authority", "outdated anchors"],
)
def test_unhealthy_with_a_component_that_sidecars_need(changed):
    assert not control(changed).is_healthy


def test_unhealthy_if_the_api_server_does_not_trust_the_injector():
    assert not control(ca=OTHER_CA).is_healthy
