# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's result, and the sentences that the role prints."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.report import recovery_summary, report
from dapr_objects import dapr_state, webhook


def result_of(state, **changes):
    plan = make_plan(state, False)
    return {**report(state, plan, plan.actions), **changes}


def test_result_of_a_healthy_dapr():
    assert result_of(dapr_state()) == {
        "changed": False, "actions": [], "problems": [], "notes": [], "healthy": True, "sidecars": {"expected": 1, "present": 1},
        "diff": {"before": "", "after": ""},
    }  # fmt: skip
    assert recovery_summary(result_of(dapr_state()), False) == ["Dapr is healthy. Nothing was changed."]


@pytest.mark.parametrize(("predicted", "first"), [(True, "Would be done:"), (False, "Done:")])
def test_summary_lists_the_actions_and_notes(predicted, first):
    result = result_of(dapr_state(webhook=webhook()), notes=["A note."])
    assert recovery_summary(result, predicted) == [first, result["actions"][0]["message"], "A note."]
    assert result["actions"][0]["message"].startswith("update the CA bundle of MutatingWebhookConfiguration dapr-sidecar-injector: it has no CA bundle")


def test_summary_of_problems_that_are_left():
    result = result_of(dapr_state(endpoints=0))
    assert recovery_summary(result, False) == ["Nothing can be fixed automatically."]
    assert result["problems"][0]["message"].startswith("Service dapr-sidecar-injector in namespace dapr-system: it has no ready endpoints")
