# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The run of Ansible that a task belongs to, also in a worker whose run has ended."""

from __future__ import annotations

import multiprocessing
import os
import sys
from types import SimpleNamespace

import pytest
from ansible import context
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.identity import Host, UnknownProcess, process_start
from ansible_collections.runbook.minikube.plugins.plugin_utils import current_run as module
from ansible_collections.runbook.minikube.plugins.plugin_utils.current_run import current_run
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessAction

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def arguments(monkeypatch):
    monkeypatch.setattr(context, "CLIARGS", {"args": ["/a/rotate_secret.yml"]})


def in_a_worker(code):
    """The result of code in a process that was started as Ansible starts its workers."""
    results = FORK.Queue()
    worker = FORK.Process(target=lambda: results.put(code()))
    worker.start()
    result = results.get(timeout=60)
    worker.join()
    return result


def test_it_is_the_process_that_started_the_worker():
    run = in_a_worker(lambda: current_run("web"))
    assert (run.pid, run.started, run.inventory_host) == (os.getpid(), process_start(os.getpid()), "web")
    assert (run.host, run.playbook) == (Host.this(), "rotate_secret.yml")


def _start_an_orphan(results, gate):
    worker = FORK.Process(target=lambda: results.put((os.getpid(), gate.wait(60) and (current_run("web").pid, current_run("web").started))))
    worker.start()
    results.put(os.getpid())
    results.close()
    results.join_thread()
    os._exit(0)  # the run is killed: it waits for nobody


def test_an_orphan_names_the_run_that_has_ended_and_not_its_next_parent():
    results, gate = FORK.Queue(), FORK.Event()
    run = FORK.Process(target=_start_an_orphan, args=(results, gate))
    run.start()
    run.join()
    ended = results.get(timeout=60)
    gate.set()
    _worker, (pid, started) = results.get(timeout=60)
    assert (pid, started) == (ended, 0.0)


def test_a_user_without_a_name(monkeypatch):
    def nameless():
        raise KeyError("uid not found")

    monkeypatch.setattr(module.getpass, "getuser", nameless)
    assert current_run("web").user == str(os.getuid())


def test_where_nothing_is_known_of_processes(monkeypatch):
    def unknown(_pid):
        raise UnknownProcess

    monkeypatch.setattr(module, "process_start", unknown)
    assert current_run("web") is None


def action(writes=True, spec=None, async_val=0, poll=15) -> InProcessAction:
    made = InProcessAction.__new__(InProcessAction)
    made.MODULE = SimpleNamespace(ARGUMENT_SPEC=spec or {}, SETTINGS={"writes": writes})
    made._task = SimpleNamespace(async_val=async_val, poll=poll)
    return made


LEASE = {"lease": {"name": "runbook-todo"}}


@pytest.mark.parametrize(("made", "arguments", "expected"), [
    (action(), {}, True), (action(writes=False), {}, False), (action(writes=False, spec={"holder": {"type": "dict"}}), {}, True),
    (action(async_val=60), {}, True), (action(async_val=60, poll=0), {}, False), (action(async_val=60, poll=0), LEASE, True),
])  # fmt: skip
def test_which_tasks_are_told_their_run(made, arguments, expected):
    assert ("holder" in made._with_holder(arguments, {"inventory_hostname": "web"})) is expected


def test_a_given_holder_stays():
    assert action()._with_holder({"holder": {"pid": 1}}, {}) == {"holder": {"pid": 1}}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_arguments_hold_no_machine_id():
    machine_id = open("/etc/machine-id", encoding="utf-8").read().strip()
    assert machine_id and machine_id not in str(action()._with_holder({}, {"inventory_hostname": "web"}))
