# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A supervisor as a real process: how it is started, known again, and ended; and what it does without its folder."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal import processes
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward import apply as module
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward import supervisor
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.apply import collection_roots, verify
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.folder import MAX_LOG, SPEC, Folder
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.observe import Observed, is_running, observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.ports import holders_of, listener
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.run import run
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.unit import unit_of, unit_text
from port_forward_data import FREE, FRONTEND, options, record

PATIENCE = 60  # seconds
NOBODY = {"host": "https://127.0.0.1:9", "api_key": "planted-token"}  # discard: nothing answers there


def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def folder(tmp_path):
    made = Folder(str(tmp_path / "state"), "todo")
    yield made
    left = made.read()
    if left and left.pid != os.getpid() and is_running(left):
        os.kill(left.pid, signal.SIGKILL)


def apply(folder: Folder, forward=FREE, **changes):
    """Starts a supervisor of one forward, to a cluster that does not answer."""
    given = options(state_dir=str(folder.root), timeout=1, **{**NOBODY, **changes})
    plan = make_plan(Observed(folder.read(), folder.exists(), is_running(folder.read()), wanted=(forward,)), given)
    module.apply(plan, given, folder, folder.read())
    return given


def test_a_supervisor_survives_is_known_again_and_is_ended(folder):
    given = apply(folder)
    first = folder.read()
    assert is_running(first) and os.getsid(first.pid) == first.pid != os.getsid(0) and Path(f"/proc/{first.pid}/cwd").resolve() == Path("/")
    (holder,) = holders_of(first.forwards[0].local_port)
    assert (holder.pid, holder.supervisor) == (first.pid, first.pid)
    streams = [os.readlink(f"/proc/{first.pid}/fd/{number}") for number in range(3)]
    assert streams == [os.devnull, os.devnull, str(folder.log)]
    with pytest.raises(RunbookError) as failed:
        verify(given, folder)
    words = str(failed.value)
    assert "Not all forwards work after 1 s. 127.0.0.1:" in words and f"(pid {first.pid}) keeps trying; end it with state: absent" in words
    assert failed.value.facts["forwards"][0]["service"] == "frontend"
    visible = [Path(f"/proc/{first.pid}/cmdline").read_bytes(), *(path.read_bytes() for path in folder.path.rglob("*") if path.is_file())]
    assert not any(b"planted" in one for one in visible), "a credential is in the arguments or in a file"
    apply(folder, state="restarted", forward=first.forwards[0])
    second = folder.read()
    assert second.pid != first.pid and not is_running(first) and is_running(second)
    result = run(lambda: pytest.fail("the cluster was contacted"), options(state_dir=str(folder.root), state="absent"), False)
    assert result.plan.action == "stop" and not is_running(second) and not folder.root.exists()


def test_a_supervisor_without_its_folder_ends(folder):
    apply(folder)
    found = folder.read()
    until(lambda: is_removed(folder))
    until(lambda: not is_running(found))


def is_removed(folder: Folder) -> bool:
    """Whether it is, although the supervisor may be writing a file at this moment."""
    with suppress(RunbookError):
        folder.remove()
    return not folder.exists()


def test_what_a_killed_supervisor_has_left_is_removed_by_the_next_one_but_for_the_log(folder):
    apply(folder)
    killed = folder.read()
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not is_running(killed))
    certificates = folder.path / "runbook.minikube-x"
    certificates.mkdir()
    (certificates / "key").touch()
    apply(folder)
    assert not certificates.exists() and len([line for line in folder.log_lines(10) if line.endswith("listens")]) == 2
    assert is_running(folder.read())


def test_a_full_disk_ends_no_forward(folder, monkeypatch):
    folder.create()
    folder.write("state.json", record(FRONTEND).to_dict())
    made = supervisor.Supervisor(folder, {"name": "todo", "target": {}, "connection": {}, "forwards": [], "stored": False})
    writes = []

    def full(*_arguments):
        writes.append(1)
        (folder.path / "state.json").write_text("" if len(writes) == 1 else json.dumps(record(FRONTEND, pid=1).to_dict()))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Folder, "write", full)
    monkeypatch.setattr(supervisor, "HEARTBEAT", 0.01)
    made.run()
    assert len(writes) == 2, "it ended by itself, and not because the record is another one's"


def test_a_port_that_was_taken_meanwhile_is_named_and_nothing_is_left(folder):
    with listener("127.0.0.1", 0) as taken:
        with pytest.raises(RunbookError, match=rf"is in use by .* \(pid {os.getpid()}\) of user .*left alone"):
            apply(folder, forward=dataclasses.replace(FREE, local_port=taken.getsockname()[1]))
    assert not folder.exists()


def test_a_supervisor_that_does_not_start_shows_its_log(folder, monkeypatch):
    monkeypatch.setattr(module, "command", lambda _folder: [sys.executable, "-c", "raise SystemExit('no module')"])
    with pytest.raises(RunbookError, match="the supervisor did not start. The last lines of its log: no module"):
        apply(folder)
    assert not folder.exists()


def test_a_record_of_another_process_ends_nothing(folder):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        started = processes.process_start(other.pid)
        for stale in ({"started": started - 1}, {"started": started, "boot_id": "an earlier boot"}):
            folder.create()
            folder.write("state.json", record(FRONTEND, pid=other.pid, **stale).to_dict())
            observed = observe(lambda: None, options(state="absent"), folder)
            assert not observed.running and observed.leftovers
            result = run(lambda: None, options(state_dir=str(folder.root), state="absent"), False)
            assert result.plan.action == "clean_up" and not folder.root.exists()
        assert other.poll() is None
    finally:
        other.communicate(b"\n")


def test_what_ignores_the_request_to_end_is_killed():
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    assert processes.end_process(process.pid, processes.process_start(process.pid), processes.boot_id(), 0.5)
    assert process.wait() == -signal.SIGKILL
    assert processes.end_process(process.pid, 1.0, processes.boot_id(), 0.5)
    process.communicate()


def test_the_log_repeats_nothing_within_a_minute_and_stays_small(folder, monkeypatch, capfd):
    folder.create()
    made = supervisor.Supervisor(folder, {"name": "todo", "target": {}, "connection": {}, "forwards": [], "stored": False})
    for line in ("away", "away", "works\nfine"):
        made.log(line)
    assert [line.partition(" ")[2] for line in capfd.readouterr().err.splitlines()] == ["away", "works fine"]
    with open(folder.open_log(), "w") as log:
        log.write("x" * (MAX_LOG + 1))
        log.flush()
        monkeypatch.setattr(supervisor.sys, "stderr", log)
        made._begin_new_log()
        assert (folder.path / "log.1").stat().st_size > MAX_LOG and folder.log.stat().st_size == 0


def test_only_folders_with_needed_collections_precede_the_standard_library(tmp_path, monkeypatch):
    with_collection, without, own = tmp_path / "a/ansible_collections", tmp_path / "b/ansible_collections", tmp_path / "own/ansible_collections"
    for folder in (with_collection / "runbook/minikube", without / "ansible/builtin", own / "kubernetes/core"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(module.site, "getsitepackages", lambda: [str(own.parent)])
    archive = "/tmp/payload.zip/ansible_collections"
    assert collection_roots(map(str, [with_collection, without, own, archive])) == [str(with_collection.parent), "/tmp/payload.zip"]


def test_options_without_credentials_are_stored_for_a_service_manager(folder, monkeypatch):
    apply(folder)
    assert not (folder.path / SPEC).exists() and unit_of(folder, ["python"], {"PYTHONPATH": ""}, "/") == "", "credentials are in the options"
    apply(folder, state="restarted", api_key=None)
    port = folder.read().forwards[0].local_port
    assert json.loads((folder.path / SPEC).read_text())["forwards"][0]["local_port"] == port
    unit = unit_of(folder, module.command(folder), module.environment(), "/")
    assert f'"{folder.path}" "spec"' in unit and unit_of(folder, [], module.environment(), "/no/systemd") == ""
    assert unit_of(folder, [], {"PYTHONPATH": "/tmp/payload.zip"}, "/") == "", "the code is gone with the module"
    processes.end_process(*dataclasses.astuple(folder.read())[1:4], 10)
    process = subprocess.Popen([*module.command(folder), "spec"], env={**os.environ, **module.environment()}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert json.loads(process.stdout.readline()) == {"started": True} and folder.read().forwards[0].local_port == port
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.communicate()


def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "forwards.service"
    unit.write_text(unit_text("todo", [sys.executable, "-m", 'a "b" \\ %h $HOME'], {"PYTHONPATH": "/a $HOME:/b %h"}))
    assert "%%h $$HOME" in unit.read_text() and 'Environment="PYTHONPATH=/a $HOME:/b %%h"' in unit.read_text()
    if not (verify_program := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run([verify_program, "verify", unit], text=True, capture_output=True, check=False)
    assert done.returncode == 0 and "forwards.service" not in done.stderr, done.stderr
