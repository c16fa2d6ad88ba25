# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking and giving back a lease in both stores, with others who do the same."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease import apply
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.identity import Holder, Host, machine_hash, process_start
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.plan import LeaseRecord, LeaseRequest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.stored import ANNOTATION, lease_of, record_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.stores import ClusterStore, FileStore
from fake_cluster import FakeCluster

ME = Holder(Host.this(), os.getpid(), process_start(os.getpid()), "localhost", "me", "deploy.yml")
PARENT = Holder(Host.this(), os.getppid(), process_start(os.getppid()), "localhost", "other", "deploy.yml")
KILLED = Holder(Host.this(), 2**22 - 1, 1.0, "localhost", "killed", "deploy.yml")


@pytest.fixture(params=["cluster", "file"])
def store(request, tmp_path):
    return (
        ClusterStore(FakeCluster(), "default", "runbook-todo") if request.param == "cluster" else FileStore(str(tmp_path / "deep" / "lock"))
    )


def acquire(store, holder=ME, wait=0, check=False, **options):
    return apply.acquire(store, LeaseRequest(holder, 60, **options), wait, check)


def test_take_renew_release_and_take_again(store):
    assert acquire(store).action == "acquired"
    assert acquire(store, renew=True).action == "renewed"
    assert apply.release(store, PARENT, False).action == "unchanged"
    assert apply.release(store, ME, False).action == "released"
    assert store.read()[0].identity is None
    assert acquire(store, PARENT).action == "acquired"
    with pytest.raises(RunbookError, match="no longer holds") as taken_over:
        acquire(store, renew=True)
    assert taken_over.value.facts["holder"]["user"] == "other"


def test_a_living_holder_is_named(store):
    acquire(store, PARENT)
    with pytest.raises(
        RunbookError, match=rf"Held by other@.*, pid {os.getppid()}, playbook deploy.yml, since .*runbook_lock_wait"
    ) as refused:
        acquire(store)
    assert store.force_hint in str(refused.value)


def test_a_killed_holder_is_replaced_at_once(store):
    acquire(store, KILLED)
    result = acquire(store)
    assert result.action == "replaced"
    assert result.report()["previous"]["user"] == "killed"
    assert store.read()[0].holder.same(ME)


def test_check_mode_reports_and_takes_nothing(store):
    assert acquire(store, check=True).report()["action"] == "acquired"
    assert store.read()[0] == LeaseRecord()
    acquire(store, PARENT)
    report = acquire(store, check=True).report()
    assert (report["action"], report["changed"], report["holder"]["user"]) == ("blocked", False, "other")
    apply.release(store, PARENT, True)
    assert store.read()[0].holder.same(PARENT)


def test_waiting_until_it_is_free(store, monkeypatch):
    acquire(store, PARENT)
    waited = []
    monkeypatch.setattr(
        apply.time, "sleep", lambda seconds: waited.append(seconds) or (len(waited) == 2 and apply.release(store, PARENT, False))
    )
    assert acquire(store, wait=60).action == "acquired"
    assert waited == [1.0, 1.0]


def test_waiting_in_vain(store, monkeypatch):
    acquire(store, PARENT)
    clock = iter(range(100))
    monkeypatch.setattr(apply.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(apply.time, "sleep", lambda seconds: None)
    with pytest.raises(RunbookError, match="not free within 3 s"):
        acquire(store, wait=3)


def test_whoever_writes_second_sees_the_first():
    cluster = FakeCluster()
    store = ClusterStore(cluster, "default", "runbook-todo")
    cluster.before_write = lambda *_what: acquire(store, PARENT)
    with pytest.raises(RunbookError, match="Held by other@"):
        acquire(store)


def test_replacing_the_killed_one_is_a_race_with_one_winner():
    cluster = FakeCluster()
    store = ClusterStore(cluster, "default", "runbook-todo")
    acquire(store, KILLED)
    cluster.before_write = lambda *_what: acquire(store, PARENT)
    with pytest.raises(RunbookError, match="Held by other@"):
        acquire(store)


def test_a_lease_of_another_tool_is_respected_and_its_own_fields_stay():
    cluster = FakeCluster()
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    cluster.put(
        "Lease",
        "runbook-todo",
        {"metadata": {"labels": {"a": "b"}}, "spec": {"holderIdentity": "argocd", "renewTime": now, "leaseDurationSeconds": 60}},
    )
    store = ClusterStore(cluster, "default", "runbook-todo")
    with pytest.raises(RunbookError, match="Held by argocd"):
        acquire(store)
    cluster.put("Lease", "runbook-todo", {"metadata": {"labels": {"a": "b"}}, "spec": {}})
    acquire(store)
    assert cluster.objects["Lease", "default", "runbook-todo"]["metadata"]["labels"] == {"a": "b"}


def test_an_identity_written_by_another_tool_is_not_taken_for_ours():
    lease = lease_of(LeaseRecord(ME.name, ME), {"metadata": {}})
    assert record_of(lease).holder == ME
    lease["spec"]["holderIdentity"] = "argocd"
    assert record_of(lease).holder is None


def test_no_machine_id_is_stored():
    machine_id = "0123456789abcdef0123456789abcdef"
    holder = dataclasses.replace(ME, host=Host("laptop", machine_hash(machine_id), "", ""))
    text = json.dumps(lease_of(LeaseRecord(holder.name, holder), {"metadata": {}}))
    assert machine_id[:8] not in text and record_of(json.loads(text)).holder == holder


def test_a_lease_with_the_machine_id_in_its_name_is_still_read():
    """As earlier versions wrote it on a host that does not number its boots."""
    host = {"hostname": "mac", "machine_id": "00163e5f0a1b", "boot_id": "", "pid_namespace": ""}
    holder = {"machine": host, "pid": 7, "started": 1000.0, "inventory_host": "localhost", "user": "ann", "playbook": "deploy.yml"}
    lease = {"metadata": {"annotations": {ANNOTATION: json.dumps(holder)}}, "spec": {"holderIdentity": "ann@mac/7/1000/00163e5f/localhost"}}
    assert record_of(lease).holder == Holder(Host("mac", machine_hash("00163e5f0a1b"), "", ""), 7, 1000.0, "localhost", "ann", "deploy.yml")


def test_it_expires_by_the_clock_of_the_api_server():
    """Whatever that of this host says: it may be an hour late, or early."""
    cluster = FakeCluster()
    store = ClusterStore(cluster, "default", "runbook-todo")
    elsewhere = dataclasses.replace(PARENT, host=Host("elsewhere", "1", "2", "3"))
    cluster.clock_offset = timedelta(hours=-1)
    acquire(store, elsewhere)
    cluster.clock_offset += timedelta(seconds=55)
    with pytest.raises(RunbookError, match="Held by other@elsewhere"):
        acquire(store)
    cluster.clock_offset += timedelta(seconds=5)
    assert acquire(store).action == "replaced"


def test_a_holder_that_runs_here_keeps_its_lease(store, monkeypatch):
    acquire(store, PARENT)
    monkeypatch.setattr(store, "now", lambda: datetime.now(timezone.utc) + timedelta(days=1))
    with pytest.raises(RunbookError, match="process is running on this host, so the lease does not expire"):
        acquire(store)


def test_the_stored_form_keeps_times_exactly():
    since = datetime(2026, 1, 31, 9, 0, 0, 123456, tzinfo=timezone.utc)
    record = LeaseRecord(ME.name, ME, since, since + timedelta(seconds=5), 60, 2)
    assert record_of(json.loads(json.dumps(lease_of(record, {"metadata": {}})))) == record


@pytest.mark.parametrize("verb", ["get", "create"])
def test_a_missing_permission_is_named(verb):
    store = ClusterStore(FakeCluster(forbidden=[(verb, "Lease")]), "default", "runbook-todo")
    with pytest.raises(RunbookError, match=f"Not allowed to {verb} the Lease default/runbook-todo"):
        acquire(store)


def test_a_missing_namespace_is_named():
    with pytest.raises(RunbookError, match="Namespace default of the Lease"):
        acquire(ClusterStore(FakeCluster(namespaces=()), "default", "runbook-todo"))


@pytest.mark.parametrize("torn", ["", "{", '{"spec": {"holderIden', "\0\0\0"])
def test_a_file_that_was_being_written_when_its_run_was_killed(tmp_path, torn):
    path = tmp_path / "lock"
    path.write_text(torn)
    assert acquire(FileStore(str(path))).action == "acquired"


@pytest.mark.parametrize("content", [b"my notes\n", b'{"name": "a package"}', b"[1]", b"5", b"{a: yaml}", b"\xff\xfe"])
def test_a_file_of_something_else_is_neither_written_nor_removed(tmp_path, content):
    path = tmp_path / "poetry.lock"
    path.write_bytes(content)
    with pytest.raises(RunbookError, match="poetry.lock is not a lock file and is left alone.*option lock_file"):
        acquire(FileStore(str(path)))
    assert path.read_bytes() == content


def test_a_folder_that_can_not_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunbookError, match="Check the option lock_file"):
        acquire(FileStore(str(tmp_path / "file" / "lock")))


def _race(path, barrier, won):
    holder = Holder(Host.this(), os.getpid(), process_start(os.getpid()), "localhost", f"racer-{os.getpid()}", "deploy.yml")
    barrier.wait()
    try:
        won.put(acquire(FileStore(path), holder).action)
    except RunbookError:
        won.put("refused")
    barrier.wait()  # so that no loser finds a winner that has ended


def test_of_many_racing_processes_one_gets_the_file(tmp_path):
    fork = multiprocessing.get_context("fork")
    for number in range(5):
        barrier, won = fork.Barrier(8), fork.Queue()
        racers = [fork.Process(target=_race, args=(str(tmp_path / f"lock{number}"), barrier, won)) for _number in range(8)]
        for racer in racers:
            racer.start()
        actions = [won.get(timeout=30) for _number in racers]
        for racer in racers:
            racer.join()
        assert sorted(actions) == ["acquired", *["refused"] * 7]
