# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The health of a daprd by one answer of its health endpoint, as dapr_recovery and connectivity_probe use it."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.model import BROKEN, REFUSED, TIMED_OUT, HttpResponse
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.daprd import NOT_READY, READY, STUCK, UNREACHABLE, health_state


@pytest.mark.parametrize(("status", "health"), [(200, READY), (204, READY), (299, READY), (302, NOT_READY), (401, NOT_READY), (500, NOT_READY)])
def test_health_by_http_status(status, health):
    assert health_state(status) == health


def test_only_a_connection_without_response_is_stuck():
    assert health_state(None, timed_out=True) == STUCK
    assert health_state(None) == UNREACHABLE


@pytest.mark.parametrize(("failure", "health"), [(TIMED_OUT, STUCK), (REFUSED, UNREACHABLE), (BROKEN, UNREACHABLE)])
def test_health_by_connection_failure(failure, health):
    assert HttpResponse(None, "", failure, "detail").daprd_health == health
