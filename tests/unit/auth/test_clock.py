# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The application's clock beside the database's."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth import clock
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.clock import Offset, application_offset, clock_between
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution


@pytest.mark.parametrize(
    ("database", "application", "margin", "skew"),
    [(3600.2, 0.0, 1, 3600), (0.0, 3600.0, 1, -3600), (7.0, 3.0, 0, 0), (-5.0, 0.0, 0, 0), (8.0, 0.0, 0, 8), (8.0, 0.0, 4, 0)],
)
def test_the_difference_of_two_clocks(database, application, margin, skew):
    """A command that took eight seconds may have shown the time at any moment of them."""
    found = clock_between(Offset(database), Offset.of(application, -margin, margin))
    assert found.skew == skew and bool(found.warnings()) == bool(skew)
    assert found.now == (f"(now() - make_interval(secs => {skew}))" if skew else "now()")


class FakeContainers:
    """Containers whose clocks are that far from this machine's; one that is None has no program that shows it."""

    def __init__(self, monkeypatch, **offsets):
        self.offsets = offsets
        monkeypatch.setattr(clock, "execute", self.execute)

    def execute(self, _cluster, pod, _namespace, _container, program, timeout):
        offset = self.offsets[pod]
        if offset is None:
            raise ApiError("no such container", 404, "NotFound")
        if program[0] == "date":
            return Execution(127, b"", b"")
        return Execution(0, f"{int(time.time() + offset)}\n".encode(), b"")

    def now(self):
        return datetime.now(timezone.utc) + timedelta(hours=-2)


def test_the_clock_of_the_server_that_is_furthest_behind_counts(monkeypatch):
    cluster = FakeContainers(monkeypatch, first=0, behind=-3600, silent=None)
    servers = [AuthServer("Deployment/web", one, "app") for one in ("first", "behind", "silent")]
    assert round(application_offset(lambda: cluster, "default", servers, True).seconds / 10) == -360
    assert round(application_offset(lambda: cluster, "default", servers[2:], True).seconds / 10) == -720, "else the API server's"
    assert application_offset(lambda: None, "default", [], needs_cluster=False) is None
