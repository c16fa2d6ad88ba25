# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Permissions are asked for before anything is done."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.actions import CREATE, RECREATE, ROLL, TRUST, Action
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.apply import require_allowed
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from fake_cluster import FakeCluster


@pytest.mark.parametrize(
    ("what", "kind", "verb", "words"),
    [(ROLL, "Deployment", "patch", "patch Deployment x in namespace ns"), (RECREATE, "Pod", "create", "create eviction of Pod objects in namespace ns"),
     (CREATE, "Service", "create", "create Service objects in namespace ns"), (CREATE, "Service", "patch", "patch Service x in namespace ns"),
     (TRUST, "MutatingWebhookConfiguration", "patch", "patch MutatingWebhookConfiguration x, which")],
)  # fmt: skip
def test_what_lacks_is_named_with_what_it_is_for(what, kind, verb, words):
    action = Action(what, kind, "x", "ns", "cause", "evidence")
    with pytest.raises(RunbookError, match=f"Not allowed to {words}.*evidence.*Nothing was changed"):
        require_allowed(FakeCluster(forbidden={(verb, kind)}), (action,))
    require_allowed(FakeCluster(), (action,))


def test_a_kind_that_is_not_known_is_refused_where_it_is_written():
    require_allowed(FakeCluster(forbidden={("create", "Namespace")}), (Action(CREATE, "ServiceAccount", "x", "ns", "cause", "evidence"),))
