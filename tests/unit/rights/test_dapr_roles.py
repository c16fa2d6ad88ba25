# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What dapr_recovery changes takes exactly the writing verbs of docs/rights/dapr_recovery.yml, and each that is missing is named before."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.actions import (
    EMPTY_BUNDLE,
    PUBLISH_ANCHORS,
    RECREATE,
    RESTART,
    RESTORE,
    ROLL,
    SCALE,
    TRUST,
    Action,
)
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.apply import require_allowed
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import OPERATOR, SCHEDULER, TRUST_BUNDLE, WEBHOOK
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from guarded_api import GuardedApi, permissions_of

ROLES = yaml.safe_load((Path(__file__).resolve().parents[3] / "docs/rights/dapr_recovery.yml").read_text())["items"]
RULES = {role["kind"]: role["rules"] for role in ROLES}  # of the ClusterRole, and of the Role in Dapr's namespace
READS = {"get", "list", "watch"}
CONNECTION = ("pods/portforward", "create")  # it writes nothing


def action(what: str, kind: str, name: str, namespace: str) -> Action:
    return Action(what, kind, name, namespace, "cause", "evidence")


# All that is done but to make again what is missing, which takes the right to create it.
TO_APPLICATIONS = (
    *(action(ROLL, kind, "web", "default") for kind in ("Deployment", "StatefulSet", "DaemonSet")),
    action(RECREATE, "Pod", "web-1", "default"),
    action(TRUST, "MutatingWebhookConfiguration", WEBHOOK, ""),
)
TO_DAPR = (
    action(PUBLISH_ANCHORS, "ConfigMap", TRUST_BUNDLE, "dapr-system"),
    action(EMPTY_BUNDLE, "Secret", TRUST_BUNDLE, "dapr-system"),
    action(RECREATE, "Pod", "dapr-operator-1", "dapr-system"),
    *(action(what, part.kind, part.workload, "dapr-system") for what in (RESTART, SCALE, RESTORE) for part in (OPERATOR, SCHEDULER)),
)


def writing(rules: list[dict]) -> set:
    return {one for one in permissions_of(rules) if one.verb not in READS and (one.resource, one.verb) != CONNECTION}


def test_the_writing_verbs_are_those_that_are_asked_for():
    everywhere, in_its_namespace = GuardedApi(RULES["ClusterRole"], []), GuardedApi(RULES["ClusterRole"] + RULES["Role"], [])
    require_allowed(everywhere.cluster(), TO_APPLICATIONS)
    require_allowed(in_its_namespace.cluster(), TO_DAPR)
    assert writing(RULES["ClusterRole"]) - everywhere.used == set()
    assert writing(RULES["Role"]) - in_its_namespace.used == set()


@pytest.mark.parametrize("missing", sorted(writing(RULES["ClusterRole"] + RULES["Role"])), ids=lambda one: f"{one.verb}-{one.resource}")
def test_a_verb_that_is_missing_is_named_with_what_it_is_for(missing):
    api = GuardedApi(RULES["ClusterRole"] + RULES["Role"], [])
    api.permissions -= {missing}
    with pytest.raises(RunbookError, match=f"Not allowed to {missing.verb} .*, which is needed to .*evidence.*Nothing was changed"):
        require_allowed(api.cluster(), TO_APPLICATIONS + TO_DAPR)
