# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When pods that have just been made are waited for: only while they can get ready by themselves."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.injection import Injection
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.look import Control
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import ORDER, PLACEMENT, SCHEDULER
from dapr_objects import CA, OTHER_CA, cause, control_object, control_pod, part, webhook


def control(changed=None, component=PLACEMENT, told=CA) -> Control:
    """A control plane that serves, but for one changed part, and whose webhook was told an authority."""
    parts = {one.name: part(one) for one in ORDER} | ({component.name: changed} if changed else {})
    return Control(Injection(CA.secret(), CA.configmap(), webhook(told.anchors), endpoints=1), parts, written=None)


def test_a_control_plane_serves_without_a_scheduler_too():
    assert control().serves
    assert control(part(SCHEDULER, obj=None), SCHEDULER).serves


@pytest.mark.parametrize(
    "changed",
    [
        part(PLACEMENT, cause(PLACEMENT, "crash")),
        part(PLACEMENT, obj=control_object(PLACEMENT, replicas=0), pods=[]),
        part(PLACEMENT, stale=(control_pod(PLACEMENT),)),
        part(PLACEMENT, misled=(control_pod(PLACEMENT),)),
    ],
    ids=["not ready", "scaled to zero", "certificate of another authority", "former anchors"],
)
def test_one_with_a_part_that_fails_sidecars_does_not(changed):
    assert not control(changed).serves


def test_one_whose_injector_the_api_server_does_not_trust_does_not():
    assert not control(told=OTHER_CA).serves
