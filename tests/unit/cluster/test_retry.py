# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls are retried while the API server is unreachable or overloaded, and after no other failure."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import retry
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.retry import OUTAGE_TIMEOUT, RETRY_STATUSES, retry_unreachable


@pytest.fixture
def clock(monkeypatch):
    """A clock that advances only while the retries sleep."""
    now = [0.0]
    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds)))
    return now


def failing(*errors: Exception):
    """A call that raises these errors, one each time, and then returns "done"."""
    left = list(errors)

    def call():
        if left:
            raise left.pop(0)
        return "done"

    return call


def test_retries_until_the_outage_is_over(clock):
    overloaded = [ApiError("overloaded", status, "") for status in RETRY_STATUSES]
    assert retry_unreachable(failing(Unreachable("unreachable"), *overloaded)) == "done"
    assert clock[0] == 1 + len(overloaded)


@pytest.mark.parametrize("error", [Unreachable("unreachable"), ApiError("overloaded", 503, "")])
def test_gives_up_after_the_timeout(clock, error):
    with pytest.raises(type(error)):
        retry_unreachable(failing(*[error] * (OUTAGE_TIMEOUT + 2)))
    assert clock[0] == OUTAGE_TIMEOUT


def test_does_not_retry_other_errors(clock):
    with pytest.raises(ApiError, match="forbidden"):
        retry_unreachable(failing(ApiError("forbidden", 403, "Forbidden")))
    assert clock[0] == 0
