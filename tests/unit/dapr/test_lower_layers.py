# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes, DNS and the injector's Service are read only if something is wrong, and what may not be read is not judged."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import OPERATOR
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.injection import NOT_INJECTED, UNPROVEN
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.observe_lower_layers import needs_explanation, with_lower_layers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecars import DAPRD_STUCK, SidecarProblem
from dapr_objects import cause, component_state, control_object, dapr_state, injection, node, pod

READY, NOT_READY = {"addresses": ["10.0.0.1"], "conditions": {"ready": True}}, {"addresses": ["10.0.0.1"], "conditions": {"ready": False}}


class Api:
    """EndpointSlices by namespace, and nodes."""

    def __init__(self, dns: list[dict] | None, forbidden: tuple[str, ...] = ()):
        self.slices = {"kube-system": [] if dns is None else [{"endpoints": dns}], "dapr-system": [{"endpoints": [READY]}]}
        self.forbidden = forbidden

    def list(self, kind: str, namespace: str | None = None, **_selectors) -> list[dict]:
        if kind in self.forbidden and namespace != "dapr-system":
            raise ApiError("forbidden", 403, "Forbidden")
        return [node()] if kind == "Node" else self.slices[namespace]


@pytest.mark.parametrize(("dns", "down"), [([READY], False), ([NOT_READY], True), ([], True), (None, False)], ids=["ready", "not ready", "none", "unknown"])
def test_the_dns_is_down_if_its_service_has_no_ready_endpoint(dns, down):
    state = with_lower_layers(Api(dns), dapr_state())
    assert state.lower.dns_down is down and state.lower.not_ready == [] and state.endpoints == 1


def test_what_may_not_be_read_is_not_judged():
    state = with_lower_layers(Api([NOT_READY], forbidden=("Node", "EndpointSlice")), dapr_state())
    assert state.lower.nodes is None and not state.lower.dns_down


@pytest.mark.parametrize(
    "state",
    [dapr_state((OPERATOR, component_state(OPERATOR, cause(OPERATOR, "crash")))), dapr_state(sidecar_problems=(SidecarProblem(pod(), DAPRD_STUCK, "x"),)),
     dapr_state(webhook=None), dapr_state(configmap=None), dapr_state(drift=[(control_object(OPERATOR), "the image")]),
     dapr_state(missing=(control_object(OPERATOR),)), dapr_state(injection={"default": injection(state=NOT_INJECTED)}),
     dapr_state(injection={"default": injection(state=UNPROVEN)})],
    ids=["component", "sidecar", "webhook", "bundle", "drift", "missing", "injection", "unproven"],
)  # fmt: skip
def test_whatever_is_wrong_is_explained(state):
    assert needs_explanation(state)


def test_a_healthy_dapr_needs_no_explanation():
    assert not needs_explanation(dapr_state())
