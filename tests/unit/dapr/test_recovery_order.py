# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control plane is recovered in order, and each component is waited for before the next."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr import recover
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import OPERATOR
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.model import LowerLayers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.options import RecoveryOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.recover import Recovery
from dapr_objects import SYSTEM, Authority, cause, component_state, control_object, dapr_state, webhook

# As in Dapr's documentation of mTLS, with the injector before the scheduler, as applications need it.
IN_ORDER = ["dapr-sentry", "dapr-operator", "dapr-placement-server", "dapr-sidecar-injector", "dapr-scheduler-server"]


@pytest.fixture
def steps(monkeypatch) -> list[tuple[str, str]]:
    """What is applied and waited for, in order."""
    recorded: list[tuple[str, str]] = []
    monkeypatch.setattr(recover, "apply_action", lambda _cluster, action: recorded.append((action.operation, action.name)) or action)
    monkeypatch.setattr(Recovery, "_wait", lambda _self, _namespace, workloads: recorded.extend(("wait", one.name) for one in workloads))
    return recorded


def test_new_authority_restarts_components_in_order_after_the_backup(steps):
    old = Authority(days=-1)
    observed = dapr_state(secret=old.secret(), configmap=old.configmap())
    plan = make_plan(observed, allow_new_ca=True)
    Recovery(None, RecoveryOptions(SYSTEM, allow_new_ca=True))._control_plane(observed, plan)
    assert steps[:2] == [("back_up", "dapr-trust-bundle"), ("clear_trust_bundle", "dapr-trust-bundle")]
    assert steps[2:] == [(what, name) for name in IN_ORDER for what in ("restart_component", "wait")]


def test_webhook_is_last(steps):
    observed = dapr_state((OPERATOR, component_state(OPERATOR, cause(OPERATOR, "name_conflict"))), webhook=webhook())
    plan = make_plan(observed, False)
    Recovery(None, RecoveryOptions(SYSTEM))._control_plane(observed, plan)
    assert steps == [("recreate_pod", "dapr-operator-0"), ("wait", "dapr-operator"), ("set_ca_bundle", "dapr-sidecar-injector")]


def test_nothing_is_waited_for_while_a_layer_below_has_failed(steps):
    observed = dapr_state(
        (OPERATOR, component_state(OPERATOR, cause(OPERATOR, "probe_fails"))), drift=[(control_object(OPERATOR), "the image")], lower=LowerLayers(dns_down=True)
    )
    plan = make_plan(observed, False)
    Recovery(None, RecoveryOptions(SYSTEM))._control_plane(observed, plan)
    assert steps == [("restore", "dapr-operator")]
