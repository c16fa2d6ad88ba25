# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dapr_recovery needs exactly the writing verbs of docs/rights/dapr_recovery.yml, and names each missing one before it changes anything."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.actions import (
    BACK_UP,
    CLEAR_TRUST_BUNDLE,
    RECREATE_POD,
    RESTART_COMPONENT,
    RESTORE,
    ROLLING_RESTART,
    SCALE,
    SET_CA_BUNDLE,
    SYNC_CONFIGMAP,
    RecoveryAction,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.apply import require_permissions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import OPERATOR, SCHEDULER, TRUST_BUNDLE, WEBHOOK
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from guarded_api import GuardedApi, permissions_of

RIGHTS = Path(__file__).resolve().parents[3] / "docs/rights"
ROLES = yaml.safe_load((RIGHTS / "dapr_recovery.yml").read_text())["items"]
NEW_CA = yaml.safe_load((RIGHTS / "dapr_recovery_new_ca.yml").read_text())["rules"]
RULES = {role["kind"]: role["rules"] for role in ROLES}  # of the ClusterRole, and of the Role in Dapr's namespace
READS = {"get", "list", "watch"}
CONNECTION = ("pods/portforward", "create")  # it writes nothing


def action(operation: str, kind: str, name: str, namespace: str) -> RecoveryAction:
    return RecoveryAction(operation, kind, name, namespace, "cause", "evidence")


# All operations except the creation of missing objects, which needs the permission to create them, and a new certificate authority.
TO_APPLICATIONS = (
    *(action(ROLLING_RESTART, kind, "web", "default") for kind in ("Deployment", "StatefulSet", "DaemonSet")),
    action(RECREATE_POD, "Pod", "web-1", "default"),
    action(SET_CA_BUNDLE, "MutatingWebhookConfiguration", WEBHOOK, ""),
    action(RESTORE, "MutatingWebhookConfiguration", WEBHOOK, ""),
)
TO_DAPR = (
    action(SYNC_CONFIGMAP, "ConfigMap", TRUST_BUNDLE, "dapr-system"),
    action(CLEAR_TRUST_BUNDLE, "Secret", TRUST_BUNDLE, "dapr-system"),
    action(RECREATE_POD, "Pod", "dapr-operator-1", "dapr-system"),
    *(action(operation, component.kind, component.workload, "dapr-system")
      for operation in (RESTART_COMPONENT, SCALE, RESTORE) for component in (OPERATOR, SCHEDULER)),
    *(action(RESTORE, kind, "x", "dapr-system") for kind in ("Service", "ServiceAccount", "PodDisruptionBudget", "Configuration")),
)


def writing(rules: list[dict]) -> set:
    return {one for one in permissions_of(rules) if one.verb not in READS and (one.resource, one.verb) != CONNECTION}


def test_writing_verbs_match_the_checked_permissions():
    everywhere, in_its_namespace = GuardedApi(RULES["ClusterRole"], []), GuardedApi(RULES["ClusterRole"] + RULES["Role"], [])
    require_permissions(everywhere.cluster(), TO_APPLICATIONS)
    require_permissions(in_its_namespace.cluster(), TO_DAPR)
    assert writing(RULES["ClusterRole"]) - everywhere.used == set()
    assert writing(RULES["Role"]) - in_its_namespace.used == set()


@pytest.mark.parametrize("missing", sorted(writing(RULES["ClusterRole"] + RULES["Role"])), ids=lambda one: f"{one.verb}-{one.resource}")
def test_missing_verb_is_named_with_its_purpose(missing):
    api = GuardedApi(RULES["ClusterRole"] + RULES["Role"], [])
    api.permissions -= {missing}
    with pytest.raises(RunbookError, match=f"Not allowed to {missing.verb} .*, which is needed to .*evidence.*Nothing was changed"):
        require_permissions(api.cluster(), TO_APPLICATIONS + TO_DAPR)


def test_a_new_certificate_authority_needs_the_permission_to_back_up_the_former_one():
    back_up = (action(BACK_UP, "Secret", f"{TRUST_BUNDLE}-before-1", "dapr-system"),)
    with pytest.raises(RunbookError, match="create Secret"):
        require_permissions(GuardedApi(RULES["ClusterRole"] + RULES["Role"], []).cluster(), back_up)
    api = GuardedApi(NEW_CA, [])
    require_permissions(api.cluster(), back_up)
    assert writing(NEW_CA) - api.used == set()
