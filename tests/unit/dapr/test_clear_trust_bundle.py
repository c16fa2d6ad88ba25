# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The trust bundle's Secret is emptied only in the version that was read and backed up."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import retry
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.actions import BACK_UP, CLEAR_TRUST_BUNDLE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.apply import apply_action
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import TRUST_BUNDLE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from dapr_objects import CA, SYSTEM, Authority, dapr_state
from fake_cluster import FakeCluster

KEYS = ["ca.crt", "issuer.crt", "issuer.key"]


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster(namespaces=(SYSTEM,))
    made.put("Secret", TRUST_BUNDLE, Authority(days=-1).secret(), SYSTEM)
    return made


def stored(cluster) -> dict:
    return cluster.get("Secret", TRUST_BUNDLE, SYSTEM).get("data") or {}


def clearing(cluster):
    """The action that empties the Secret as it is now."""
    observed = dapr_state(secret=cluster.get("Secret", TRUST_BUNDLE, SYSTEM), configmap=Authority(days=-1).configmap())
    actions = {action.operation: action for action in make_plan(observed, allow_new_ca=True).actions}
    assert list(actions)[:2] == [BACK_UP, CLEAR_TRUST_BUNDLE]
    return actions[CLEAR_TRUST_BUNDLE]


def test_it_is_emptied(cluster):
    apply_action(cluster, clearing(cluster))
    assert stored(cluster) == {}


def test_one_that_changed_meanwhile_is_left(cluster):
    action = clearing(cluster)
    cluster.put("Secret", TRUST_BUNDLE, CA.secret(), SYSTEM)
    with pytest.raises(RunbookError, match="it was changed after .*Run the recovery again"):
        apply_action(cluster, action)
    assert stored(cluster) == CA.secret()["data"]


def test_one_that_changes_at_the_same_moment_is_left(cluster):
    cluster.before_write = lambda *_what: cluster.put("Secret", TRUST_BUNDLE, CA.secret(), SYSTEM)
    with pytest.raises(RunbookError, match="it was changed after"):
        apply_action(cluster, clearing(cluster))
    assert sorted(stored(cluster)) == KEYS


def test_a_lost_answer_is_no_change_by_somebody_else(cluster, monkeypatch):
    monkeypatch.setattr(retry, "INTERVAL", 0)
    patch, answers = cluster.patch, [Unreachable("lost")]

    def patch_and_lose_the_answer(*arguments, **options):
        patch(*arguments, **options)
        if answers:
            raise answers.pop()

    monkeypatch.setattr(cluster, "patch", patch_and_lose_the_answer)
    apply_action(cluster, clearing(cluster))
    assert stored(cluster) == {}
