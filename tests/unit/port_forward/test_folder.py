# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a supervisor: whose they are, and that none are left."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward import folder as module
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.folder import LOG, MAX_LOG, RECORD, Folder, names_in
from port_forward_data import BACKEND, FRONTEND, record


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(str(tmp_path / "state"), "todo")


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_private_whatever_the_umask_and_none_are_left(folder):
    before = os.umask(0)
    try:
        with folder.lock():
            folder.create()
            folder.write(RECORD, record(FRONTEND, BACKEND).to_dict())
            os.close(folder.open_log())
    finally:
        os.umask(before)
    assert [mode(path) for path in (folder.root, folder.path, folder.path / RECORD, folder.log)] == [0o700, 0o700, 0o600, 0o600]
    assert sorted(os.listdir(folder.path)) == [LOG, RECORD] and names_in(str(folder.root)) == ["todo"]
    with folder.lock():
        folder.remove()
        folder.remove()
    assert not folder.root.exists() and names_in(str(folder.root)) == []


def test_a_record_is_read_as_it_was_written(folder):
    written = record(FRONTEND, BACKEND, healthy=None)
    folder.create()
    folder.write(RECORD, written.to_dict())
    assert folder.read() == written


@pytest.mark.parametrize("text", [
    "", "{", "[]", "{}", '{"version": 2}', pytest.param(json.dumps({**record(FRONTEND).to_dict(), "pid": None}), id="without a pid"),
])  # fmt: skip
def test_an_invalid_record_is_none(folder, text):
    folder.create()
    assert folder.read() is None
    (folder.path / RECORD).write_text(text)
    assert folder.read() is None


def test_a_folder_of_another_user_or_open_to_others_is_refused(folder, monkeypatch):
    folder.create()
    folder.path.chmod(0o755)
    with pytest.raises(RunbookError, match="state_dir: .*/todo is open to other users. Close it .chmod 700"):
        folder.read()
    folder.path.chmod(0o700)
    monkeypatch.setattr(module.os, "geteuid", lambda: 12345)
    with pytest.raises(RunbookError, match="state_dir: .* belongs to the user with the ID"):
        folder.read()
    with pytest.raises(RunbookError, match="belongs to"):
        names_in(str(folder.root))


def test_a_link_is_refused(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.root.symlink_to(tmp_path / "elsewhere")
    for use in (folder.read, folder.create):
        with pytest.raises(RunbookError, match="state_dir: .* is no folder, or a symbolic link"):
            use()


def test_a_folder_that_can_not_be_made_names_the_option(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunbookError, match="state_dir: .*file/state can't be used: Not a directory"):
        Folder(str(tmp_path / "file/state"), "todo").create()


def test_only_the_end_of_a_long_log_is_read(folder):
    folder.create()
    folder.log.write_bytes(b"first\n" + b"x" * MAX_LOG + b"\nlast \xff\n")
    assert folder.log_lines(1) == ["last \ufffd"] and folder.log_lines(0) == [] and "first" not in folder.log_lines(10)
    assert Folder(str(folder.root), "other").log_lines(5) == []


def test_the_lock_waits_for_another_and_for_one_whose_folder_is_removed(folder):
    entered, order = threading.Event(), []

    def second():
        entered.wait(10)
        with folder.lock():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with folder.lock():
        entered.set()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"] and not folder.root.exists()
