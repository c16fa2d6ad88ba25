# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who gets the lease, and who is gone."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal import processes
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease import identity
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.identity import (
    INITIAL_PID_NAMESPACE,
    Holder,
    Host,
    is_running,
    process_start,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.plan import (
    LeaseRecord,
    LeaseRequest,
    decide_acquire,
    decide_release,
    holder_report,
    holder_text,
)

NOW = datetime(2026, 1, 31, 9, 0, tzinfo=timezone.utc)
HERE = Host("laptop", "m1", "boot-1", INITIAL_PID_NAMESPACE)
ALICE = Holder(HERE, 100, 1000.0, "localhost", "alice", "deploy.yml")
BOB = Holder(HERE, 200, 1500.0, "localhost", "bob", "rollback.yml")


def held(holder, ago=10, duration=60, **parts):
    since = NOW - timedelta(seconds=ago)
    return LeaseRecord(holder.name, holder, since, since, duration, **parts)


def decide(record, holder=ALICE, running=None, renew=False):
    return decide_acquire(record, LeaseRequest(holder, 60, renew), NOW, running)


def test_a_free_lease_is_taken():
    decision = decide(LeaseRecord())
    assert decision.action == "acquired"
    assert decision.record == LeaseRecord(ALICE.name, ALICE, NOW, NOW, 60, 0)


def test_a_released_lease_is_taken_and_counted():
    assert decide(LeaseRecord(renewed=NOW, duration=1, transitions=3)).record.transitions == 4


def test_ones_own_is_renewed_with_its_first_time():
    for renew in (True, False):
        decision = decide(held(ALICE, ago=1000), renew=renew)
        assert decision.action == "renewed"
        assert (decision.record.acquired, decision.record.renewed) == (NOW - timedelta(seconds=1000), NOW)


@pytest.mark.parametrize(
    ("record", "running", "action"),
    [
        (held(BOB), None, "blocked"),
        (held(BOB), False, "replaced"),
        (held(BOB, ago=60), None, "replaced"),
        (held(BOB, ago=59), None, "blocked"),
        (held(BOB, ago=100000), True, "blocked"),
        (LeaseRecord("somebody-elses-tool", None, NOW, NOW, 60), None, "blocked"),
        (LeaseRecord("somebody-elses-tool", None, NOW, NOW - timedelta(hours=1), 60), None, "replaced"),
        (LeaseRecord("without-any-time"), None, "blocked"),
        (held(dataclasses.replace(ALICE, inventory_host="other")), True, "conflict"),
    ],
)
def test_another_holder(record, running, action):
    decision = decide(record, running=running)
    assert decision.action == action
    assert (decision.record is None) == (action != "replaced")


@pytest.mark.parametrize("record", [held(BOB), held(BOB, ago=600), LeaseRecord(), LeaseRecord(renewed=NOW, duration=1)])
def test_renewing_what_is_not_ones_own_any_more_fails(record):
    assert decide(record, renew=True).action == "taken_over"


def test_release_only_ones_own():
    assert decide_release(held(BOB), ALICE, NOW).record is None
    assert decide_release(LeaseRecord(), ALICE, NOW).action == "unchanged"
    decision = decide_release(held(ALICE, transitions=2), ALICE, NOW)
    assert decision.action == "released"
    assert decision.record == LeaseRecord(renewed=NOW, duration=1, transitions=2)


def test_a_process_is_known_by_machine_number_and_start():
    assert ALICE.same(dataclasses.replace(ALICE, started=1001.0, playbook="other.yml"))
    assert not ALICE.same(dataclasses.replace(ALICE, started=1010.0))
    assert not ALICE.same(dataclasses.replace(ALICE, host=dataclasses.replace(HERE, boot_id="boot-2")))
    assert Holder.from_dict(ALICE.to_dict()) == ALICE


@pytest.mark.parametrize(
    ("machine", "processes", "running"),
    [
        ({}, {100: 1000.4}, True),
        ({}, {100: 5000.0}, False),
        ({}, {}, False),
        ({"hostname": "renamed-meanwhile"}, {}, False),
        ({"hostname": "renamed-meanwhile"}, {100: 1000.0}, True),
        ({"boot_id": "boot-of-another-machine", "machine": "m2"}, {}, None),
        ({"pid_namespace": "pid:[1]"}, {}, None),
        ({"boot_id": "boot-0"}, {100: 1000.0}, False),
        ({"boot_id": "boot-0", "machine": "m2"}, {}, None),
        ({"boot_id": "boot-0", "hostname": "other"}, {}, None),
    ],
)
def test_whether_a_holders_process_runs(machine, processes, running):
    holder = dataclasses.replace(ALICE, host=dataclasses.replace(HERE, **machine))
    assert is_running(holder, HERE, processes.get) is running


def test_containers_of_one_image_are_not_taken_for_one_machine_after_a_boot():
    inside = dataclasses.replace(HERE, pid_namespace="pid:[4026532000]")
    holder = dataclasses.replace(ALICE, host=dataclasses.replace(inside, boot_id="boot-0"))
    assert is_running(holder, inside, {}.get) is None


def test_a_process_of_which_nothing_is_known_may_run():
    def unknown(_pid):
        raise identity.UnknownProcess

    assert is_running(ALICE, HERE, unknown) is None


def test_real_processes_running_killed_and_not_yet_reaped():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert abs(process_start(child.pid) - process_start(os.getpid())) < 600
        assert process_start(child.pid) == process_start(child.pid)
        assert is_running(Holder(Host.this(), child.pid, process_start(child.pid), ""), Host.this(), process_start)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and its remains still there
        assert process_start(child.pid) is None
    finally:
        child.kill()
        child.wait()
    assert process_start(child.pid) is None


def test_a_process_hidden_from_proc_is_not_taken_for_gone(monkeypatch):
    monkeypatch.setattr(processes, "read_line", lambda path: "")
    with pytest.raises(identity.UnknownProcess):
        identity.process_start(os.getpid())
    monkeypatch.setattr(processes.os, "kill", _not_permitted)
    with pytest.raises(identity.UnknownProcess, match="another user"):
        identity.process_start(1)


def _not_permitted(_pid, _signal):
    raise PermissionError


def test_without_proc_psutil_is_used(monkeypatch):
    monkeypatch.setattr(processes.os.path, "exists", lambda path: False)
    assert abs(identity.process_start(os.getpid()) - time.time()) < 3600
    assert identity.process_start(2**22 - 1) is None


@pytest.mark.parametrize(
    ("machine", "key"),
    [
        (Host("h", "m", "b", "n"), ("b", "n")),
        (Host("h", "m", "", ""), ("m", "")),
        (Host("h", "", "", ""), ("h", "")),
    ],
)
def test_what_identifies_a_machine(machine, key):
    assert machine.key == key


def test_what_a_person_reads():
    assert holder_text(held(ALICE)) == ("alice@laptop, pid 100, playbook deploy.yml, since 2026-01-31T08:59:50Z, expires 2026-01-31T09:00:50Z")
    assert holder_text(LeaseRecord("tool")) == "tool, since an unknown time, expires never"
    assert holder_report(LeaseRecord()) is None
