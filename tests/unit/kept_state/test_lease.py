# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Leases of applications and locks of profiles that an earlier version holds, has renewed, replaced or released."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from fake_cluster import FakeCluster
from kept_state.readers import (
    ClusterStore,
    FileStore,
    Holder,
    Host,
    LeaseRequest,
    decide_acquire,
    decide_release,
    is_running,
    machine_hash,
    record_of,
    stored,
    text,
)

NOON = datetime(2025, 3, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
MACHINE = Host("workstation", machine_hash("0123456789abcdef0123456789abcdef"), "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "pid:[4026531836]")
ANN = Holder(MACHINE, 4711, 8642.13, "localhost", "ann", "deploy.yml")
BEN = Holder(MACHINE, 4712, 9000.5, "localhost", "ben", "rollback.yml")
ANY = Holder(Host("elsewhere", "1", "2", "3"), 1, 1.0, "localhost", "eve", "deploy.yml")


@pytest.mark.parametrize(("name", "holder", "acquired", "renewed", "transitions"), [
    ("lease_held", ANN, 0, 0, 0), ("lease_renewed", ANN, 0, 5, 0), ("lease_replaced", BEN, 10, 10, 1),
])  # fmt: skip
def test_a_holder_and_its_time(name, holder, acquired, renewed, transitions):
    record = record_of(stored(name))
    assert (record.holder, record.identity, record.duration, record.transitions) == (holder, holder.name, 3600, transitions)
    assert (record.acquired, record.renewed) == (NOON + timedelta(minutes=acquired), NOON + timedelta(minutes=renewed))
    assert record.expires == record.renewed + timedelta(hours=1)


def test_a_released_lease_is_free():
    record = record_of(stored("lease_released"))
    assert (record.identity, record.holder, record.transitions) == (None, None, 1)
    assert decide_acquire(record, LeaseRequest(ANY, 60), NOON + timedelta(minutes=15), None).action == "acquired"


@pytest.mark.parametrize(("holder", "minutes", "running", "action"), [
    (ANN, 10, True, "renewed"), (ANY, 10, None, "blocked"), (ANY, 66, None, "replaced"), (ANY, 66, True, "blocked"), (ANY, 10, False, "replaced"),
])  # fmt: skip
def test_who_gets_a_lease_that_is_held(holder, minutes, running, action):
    assert decide_acquire(record_of(stored("lease_renewed")), LeaseRequest(holder, 60), NOON + timedelta(minutes=minutes), running).action == action


def test_whether_its_process_runs():
    holder = record_of(stored("lease_held")).holder
    assert is_running(holder, MACHINE, lambda _pid: None) is False and is_running(holder, MACHINE, lambda _pid: 9999.0) is False
    assert is_running(holder, MACHINE, lambda _pid: 8642.13) and is_running(holder, ANY.host, lambda _pid: None) is None


def test_its_own_run_can_renew_and_release_the_object():
    cluster = FakeCluster()
    cluster.put("Lease", "runbook-todo", stored("lease_held"))
    store = ClusterStore(cluster, "default", "runbook-todo")
    record, version = store.read()
    store.write(decide_acquire(record, LeaseRequest(ANN, 60), NOON, None).record, version)
    record, version = store.read()
    store.write(decide_release(record, ANN, NOON).record, version)
    assert store.read()[0].identity is None


def test_a_lock_file(tmp_path):
    place = tmp_path / "runbook.lock"
    place.write_text(text("profile.lock"), encoding="utf-8")
    store = FileStore(str(place))
    record, version = store.read()
    assert (record.holder, record.acquired, record.duration) == (ANN, NOON, 3600)
    store.write(decide_acquire(record, LeaseRequest(BEN, 60), NOON + timedelta(hours=2), None).record, version)
    assert store.read()[0].holder == BEN
