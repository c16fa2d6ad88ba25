# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The supervisor's connection is made again after a failure, from the kubeconfig as it is then, with growing pauses."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward import session as module
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.session import Session


@pytest.fixture
def clock(monkeypatch):
    """The time, which only the test changes."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def connecting(*outcomes):
    left = list(outcomes)

    def connect(params):
        assert params == {"context": "minikube"}
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Session({"context": "minikube"}, connect), left


@pytest.mark.parametrize("error", [Unreachable("away"), ApiError("expired", 401, "Unauthorized")])
def test_a_failed_connection_is_made_again(clock, error):
    session, left = connecting("first", "second")
    assert session.cluster() == session.cluster() == "first"
    session.failed("first", error)
    with pytest.raises(RunbookError, match=str(error)):
        session.cluster()
    clock[0] += 0.5
    assert session.cluster() == "second" and left == []


@pytest.mark.parametrize("error", [ApiError("no", 403, "Forbidden"), ApiError("gone", 404, "NotFound"), RunbookError("no ready endpoint")])
def test_a_refusal_is_no_failure_of_the_connection(clock, error):
    session, _left = connecting("first")
    session.cluster()
    session.failed("first", error)
    assert session.cluster() == "first"


def test_late_failures_of_a_former_connection_are_ignored(clock):
    session, _left = connecting("first", "second")
    session.cluster()
    session.failed("first", Unreachable("away"))
    clock[0] += 1
    assert session.cluster() == "second"
    session.failed("first", Unreachable("away"))
    assert session.cluster() == "second"


def test_pauses_grow_until_it_works_again(clock):
    session, left = connecting(*[RunbookError("no kubeconfig")] * 7, "works", "again")
    pauses = []
    while left[0] != "works":
        with pytest.raises(RunbookError):
            session.cluster()
        before, count = clock[0], len(left)
        while len(left) == count and left[0] != "works":
            clock[0] += 0.5
            with pytest.raises(RunbookError):
                session.cluster()
        pauses.append(clock[0] - before)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0]
    clock[0] += 15
    cluster = session.cluster()
    session.works(cluster)
    session.failed(cluster, Unreachable("away"))
    clock[0] += 0.5
    assert session.cluster() == "again"


def test_a_full_disk_is_a_failure_of_the_connection(clock):
    session, _left = connecting(OSError(28, "No space left on device"), "second")
    with pytest.raises(RunbookError, match="certificates can't be written to files: .Errno 28. No space left on device"):
        session.cluster()
    clock[0] += 0.5
    assert session.cluster() == "second"
