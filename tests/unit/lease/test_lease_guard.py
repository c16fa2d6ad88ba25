# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is required before a write: the lease is still this run's, and the process that started it lives."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease import apply
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.cluster_store import ClusterStore
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.file_store import FileStore
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.guard import LeaseGuard
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.identity import Holder, Host, process_start
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.owner import OwnerGuard
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.plan import LeaseRequest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.write_guard import WRITES
from fake_cluster import FakeCluster

ME = Holder(Host.this(), os.getpid(), process_start(os.getpid()), "localhost", "me", "rotate_secret.yml")
OTHER = dataclasses.replace(ME, host=Host("elsewhere", "1", "2", "3"), user="other")


class Clock:
    """Seconds that pass only where a test says so, on this host and at the API server."""

    def __init__(self, cluster: FakeCluster):
        self.seconds = 0.0
        self._cluster = cluster

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self._cluster.clock_offset += timedelta(seconds=seconds)

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    acquire(made, ME)
    made.writes.clear()
    return made


@pytest.fixture
def clock(cluster) -> Clock:
    return Clock(cluster)


@pytest.fixture
def guard(cluster, clock) -> LeaseGuard:
    return LeaseGuard(lambda: cluster, "default", "runbook-todo", ME, clock)


@pytest.fixture
def guarded():
    yield WRITES
    WRITES.use()


def acquire(cluster: FakeCluster, holder: Holder) -> None:
    cluster.objects.pop(("Lease", "default", "runbook-todo"), None)
    apply.acquire(ClusterStore(cluster, "default", "runbook-todo"), LeaseRequest(holder, 60), 0, False)


def test_the_first_write_renews_the_lease(cluster, clock, guard):
    clock.pass_(5)
    guard.before_write()
    assert cluster.writes == [("update", "Lease", "runbook-todo")]
    record = ClusterStore(cluster, "default", "runbook-todo").read()[0]
    assert (record.renewed - record.acquired) >= timedelta(seconds=5) and record.duration == 60


def test_a_write_soon_after_does_not_look_again(cluster, clock, guard):
    guard.before_write()
    acquire(cluster, OTHER)
    clock.pass_(9)
    guard.before_write()


def test_a_later_write_looks_again_and_stops_where_another_run_took_over(cluster, clock, guard):
    guard.before_write()
    acquire(cluster, OTHER)
    clock.pass_(10)
    with pytest.raises(RunbookError, match="no longer holds the Lease default/runbook-todo: it is held by other@elsewhere") as refused:
        guard.before_write()
    assert refused.value.facts["action"] == "taken_over"


@pytest.mark.parametrize("left", ["released", "deleted"])
def test_a_lease_that_nobody_holds_is_lost_too(cluster, guard, left):
    if left == "released":
        apply.release(ClusterStore(cluster, "default", "runbook-todo"), ME, False)
    else:
        cluster.objects.clear()
    with pytest.raises(RunbookError, match="held by nobody"):
        guard.before_write()


def test_it_is_renewed_again_after_a_third_of_its_duration(cluster, clock, guard):
    guard.before_write()
    clock.pass_(12)
    guard.before_write()
    assert len(cluster.writes) == 1
    clock.pass_(12)
    guard.before_write()
    assert len(cluster.writes) == 2


def test_reading_costs_nothing_until_a_renewal_is_due(cluster, clock, guard):
    guard.before_write()
    cluster.forbidden = {("get", "Lease")}
    clock.pass_(19)
    guard.while_reading()
    cluster.forbidden = set()
    clock.pass_(1)
    guard.while_reading()
    assert len(cluster.writes) == 2


def test_a_module_that_only_waits_renews_too(cluster, clock, guard):
    guard.while_reading()
    assert cluster.writes == []
    clock.pass_(60)
    guard.while_reading()
    assert len(cluster.writes) == 1


def test_whoever_takes_over_between_reading_and_renewing_wins(cluster, guard):
    cluster.before_write = lambda *_what: acquire(cluster, OTHER)
    with pytest.raises(RunbookError, match="no longer holds"):
        guard.before_write()


def test_the_requests_for_the_lease_are_not_guarded_themselves(cluster, clock, guarded):
    """With the client's own path of writes, in which the guard writes too."""
    sent = []

    def request(method, path, *, body=None, **_options):
        sent.append((method, path.rpartition("/")[2]))
        lease = cluster.get("Lease", "runbook-todo", "default")
        return SimpleNamespace(read=lambda: json.dumps(body if method == "PUT" else lease).encode(), headers={})

    client = Cluster(SimpleNamespace(configuration=SimpleNamespace(host="https://192.0.2.1:8443"), request=request))
    guarded.use(LeaseGuard(lambda: client, "default", "runbook-todo", ME, clock))
    client.patch("Secret", "s", {}, "default")
    client.patch("Secret", "s", {}, "default")
    assert sent == [("GET", "runbook-todo"), ("PUT", "runbook-todo"), ("PATCH", "s"), ("PATCH", "s")]


@pytest.fixture
def child():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def owner_of(process: subprocess.Popen) -> Holder:
    return Holder(Host.this(), process.pid, process_start(process.pid), "localhost", "me", "rotate_secret.yml")


def test_an_orphan_does_not_write(child):
    guard = OwnerGuard(owner_of(child))
    guard.before_write()
    child.kill()
    child.wait()
    guard.while_reading()
    with pytest.raises(RunbookError, match=rf"pid {child.pid}\) has ended.*writes nothing more"):
        guard.before_write()


def test_another_process_with_its_number_is_not_the_owner(child):
    guard = OwnerGuard(dataclasses.replace(owner_of(child), started=1.0))
    with pytest.raises(RunbookError, match="has ended"):
        guard.before_write()


def test_on_another_host_the_owner_is_not_looked_for():
    OwnerGuard(dataclasses.replace(OTHER, pid=2**22 - 1)).before_write()


def test_an_orphan_acquires_no_lock_file(child, guarded, tmp_path):
    guarded.use(OwnerGuard(owner_of(child)))
    store = FileStore(str(tmp_path / "lock"))
    child.kill()
    child.wait()
    with pytest.raises(RunbookError, match="has ended"):
        apply.acquire(store, LeaseRequest(ME, 60), 0, False)
    assert not (tmp_path / "lock").exists()
