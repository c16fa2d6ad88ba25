# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The message for a missing permission."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.access import GRANT, needs, not_allowed
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError


def test_message_names_verb_resource_namespace_purpose_and_next_step():
    error = not_allowed("list pods", "default", "to find the pods", missing=["list pods"])
    assert str(error) == f"Not allowed to list pods in namespace default, which is needed to find the pods. {GRANT}"
    assert error.facts == {"missing_permissions": ["list pods"]}
    assert str(not_allowed("list nodes", fix="Grant it.")) == "Not allowed to list nodes. Grant it."
    assert not_allowed("list nodes").facts == {}


def test_forbidden_becomes_a_clear_failure():
    refusal = ApiError("pods is forbidden", 403, "Forbidden")
    with pytest.raises(RunbookError, match="Not allowed to list pods in namespace default") as raised, needs("list pods", "default"):
        raise refusal
    assert raised.value.__cause__ is refusal


def test_other_errors_are_unchanged():
    with pytest.raises(ApiError, match="out of order"), needs("list pods", "default"):
        raise ApiError("out of order", 500, "InternalError")
