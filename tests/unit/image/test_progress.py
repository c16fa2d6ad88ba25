# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Progress lines, written by the module and shown by its action plugin."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.action.minikube_image import ActionModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.apply import ImageOutcome
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.node_images import NodeImage
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.plan import ImagePlan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.prebuilt import Prebuilt
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.progress import ImageProgress
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.spec import ImageSpec
from ansible_collections.runbook.minikube.plugins.module_utils._internal.progress import MAX_LINE, ProgressFile

IMAGE = NodeImage("sha256:" + "a" * 64, frozenset(), {})


def outcome(action, **fields):
    return ImageOutcome(ImagePlan(Prebuilt(ImageSpec("images[0]", "api"), IMAGE.id), action, "", existing=IMAGE), IMAGE.id, seconds=3.21, **fields)


def progress_of(path, *outcomes):
    progress = ImageProgress(ProgressFile(str(path)))
    for one in outcomes:
        progress.add(one)
    return path.read_text() if path.exists() else None


def test_progress_has_a_line_for_each_changed_image(tmp_path):
    (tmp_path / "p").write_text("")
    outcomes = outcome("loaded", bytes_sent=1_260_000), outcome("reused"), outcome("tagged"), outcome("built", error=RunbookError("x"))
    lines = progress_of(tmp_path / "p", *outcomes)
    assert lines == "loaded api:aaaaaaaaaaaa in 3.2 s, 1.3 MB sent\ntagged api:aaaaaaaaaaaa in 3.2 s\nfailed api:aaaaaaaaaaaa after 3.2 s\n"


def test_missing_progress_file_is_not_created(tmp_path):
    assert progress_of(tmp_path / "gone", outcome("loaded")) is None


def test_a_line_of_others_is_one_visible_line(tmp_path):
    (tmp_path / "p").write_text("")
    ProgressFile(str(tmp_path / "p")).add("\x1b[2Jred\nnext " + "x" * 1000)
    line, end = (tmp_path / "p").read_text().split("\n")
    assert line.startswith("\\x1b[2Jred next xxx") and len(line) < MAX_LINE + 40 and end == ""


class Action(ActionModule):
    """The plugin with a module of the test's own, and no Ansible around it."""

    def __init__(self, transport="local", become=None, check_mode=False, async_val=0, **args):
        self._connection = SimpleNamespace(transport=transport, become=become)
        self._task = SimpleNamespace(args=args, check_mode=check_mode, async_val=async_val, poll=0)
        self.shown = []
        self._display = SimpleNamespace(display=self.shown.append)
        self.added = None

    def _can_run_in_process(self, _task_vars):
        return False

    def _execute_module(self, module_args, **_options):
        more = {name: value for name, value in module_args.items() if name not in (*self._task.args, "holder")}
        self.added = more
        if more:
            with open(more["progress"], "a", encoding="utf-8") as file:
                file.write("built a:1 in 1.0 s\n")
            deadline = time.monotonic() + 60
            while not self.shown and time.monotonic() < deadline:
                time.sleep(0.05)
            self.shown_while_it_ran = list(self.shown)
            with open(more["progress"], "a", encoding="utf-8") as file:
                file.write("built b:1 in 1.0 s\n")
        return {"changed": True}


def run(action, monkeypatch):
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *_arguments: {})
    assert action.run() == {"changed": True}
    return action


def test_lines_are_shown_while_the_module_runs(monkeypatch):
    action = run(Action(), monkeypatch)
    assert action.shown_while_it_ran == ["  built a:1 in 1.0 s"]
    assert action.shown == ["  built a:1 in 1.0 s", "  built b:1 in 1.0 s"]


@pytest.mark.parametrize("changed_settings", [{"transport": "ssh"}, {"become": "a plugin"}, {"check_mode": True}, {"async_val": 60}, {"progress": "/tmp/own"}])
def test_no_progress_file_if_it_cannot_be_read(changed_settings, monkeypatch):
    assert run(Action(**changed_settings), monkeypatch).added == {}
