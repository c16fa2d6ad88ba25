# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Permissions are checked before anything is changed."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.actions import (
    CREATE,
    RECREATE_POD,
    ROLLING_RESTART,
    SET_CA_BUNDLE,
    RecoveryAction,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.apply import require_permissions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_cluster import FakeCluster


@pytest.mark.parametrize(
    ("operation", "kind", "verb", "words"),
    [(ROLLING_RESTART, "Deployment", "patch", "patch Deployment x in namespace ns"),
     (RECREATE_POD, "Pod", "create", "create eviction of Pod objects in namespace ns"),
     (CREATE, "Service", "create", "create Service objects in namespace ns"), (CREATE, "Service", "patch", "patch Service x in namespace ns"),
     (SET_CA_BUNDLE, "MutatingWebhookConfiguration", "patch", "patch MutatingWebhookConfiguration x, which")],
)  # fmt: skip
def test_missing_permission_is_named_with_its_purpose(operation, kind, verb, words):
    action = RecoveryAction(operation, kind, "x", "ns", "cause", "evidence")
    with pytest.raises(RunbookError, match=f"Not allowed to {words}.*evidence.*Nothing was changed"):
        require_permissions(FakeCluster(forbidden={(verb, kind)}), (action,))
    require_permissions(FakeCluster(), (action,))


def test_unknown_kind_is_not_checked():
    require_permissions(FakeCluster(forbidden={("create", "Namespace")}), (RecoveryAction(CREATE, "Lock", "x", "ns", "cause", "evidence"),))


def test_the_trace_of_a_cure_needs_the_permission_to_patch_the_workload():
    action = RecoveryAction(RECREATE_POD, "Pod", "x", "ns", "cause", "evidence", workload=("StatefulSet", "db"))
    with pytest.raises(RunbookError, match="Not allowed to patch StatefulSet db in namespace ns"):
        require_permissions(FakeCluster(forbidden={("patch", "StatefulSet")}), (action,))
