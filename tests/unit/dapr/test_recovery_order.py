# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which order the control plane is brought back, and that each part is waited for before the next."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr import recover
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.look import Scope
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import OPERATOR
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.recover import Recovery
from dapr_objects import SYSTEM, Authority, cause, found, part, webhook

# As Dapr's documentation of mTLS has it, and the injector before the scheduler, as applications wait for it.
IN_ORDER = ["dapr-sentry", "dapr-operator", "dapr-placement-server", "dapr-sidecar-injector", "dapr-scheduler-server"]


@pytest.fixture
def steps(monkeypatch) -> list[tuple[str, str]]:
    """What is done and waited for, in its order."""
    noted: list[tuple[str, str]] = []
    monkeypatch.setattr(recover, "do", lambda _cluster, action: noted.append((action.what, action.name)))
    monkeypatch.setattr(Recovery, "_wait", lambda _self, _namespace, workloads: noted.extend(("wait", one.name) for one in workloads))
    return noted


def test_a_new_authority_is_taken_over_part_by_part_after_the_secret_is_kept(steps):
    old = Authority(days=-1)
    observed = found(secret=old.secret(), configmap=old.configmap())
    plan = make_plan(observed, allow_new_ca=True)
    Recovery(None, Scope(SYSTEM), allow_new_ca=True)._control_plane(observed, plan)
    assert steps[:2] == [("back_up", "dapr-trust-bundle"), ("empty_trust_bundle", "dapr-trust-bundle")]
    assert steps[2:] == [(what, name) for name in IN_ORDER for what in ("restart_component", "wait")]


def test_the_webhook_comes_last(steps):
    observed = found((OPERATOR, part(OPERATOR, cause(OPERATOR, "name_conflict"))), webhook=webhook())
    plan = make_plan(observed, False)
    Recovery(None, Scope(SYSTEM))._control_plane(observed, plan)
    assert steps == [("recreate_pod", "dapr-operator-0"), ("wait", "dapr-operator"), ("set_ca_bundle", "dapr-sidecar-injector")]
