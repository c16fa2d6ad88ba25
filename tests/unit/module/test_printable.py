# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts of others reach a user bounded, with control characters visible and without accounts, through both exits of a module."""

from __future__ import annotations

import io
import json
import sys

import pytest
from ansible.module_utils import basic
from ansible_collections.runbook.minikube.plugins.module_utils._internal.masking import MASK
from ansible_collections.runbook.minikube.plugins.module_utils._internal.printable import MAX_LINE, MAX_TEXT, printable_text
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessModule, ModuleExit

SECRET = "hunter2-\x1b-hunter2"  # escaping it first would hide it from the masking
HOSTILE = f"\x1b]0;title\x07\x1b[2Jred\r\n\u202egnp.exe GET http://me:planted@db/x {SECRET} " + "x" * 10 * MAX_LINE + "\n" + "line\n" * MAX_TEXT
RESULT = {"log": HOSTILE, "diff": {"before": HOSTILE, "after": HOSTILE}, "nested": [{"note": HOSTILE}], "count": 3, "none": None}


class _Exit(Exception):
    """Stands for the end of a module's process."""


@pytest.fixture
def own_process(monkeypatch, capsys):
    """A module as in a process of its own, and its result."""
    given = json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False}}).encode()
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", given, raising=False)
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    module = RunbookModule({}, connects=False)

    def result(end) -> dict:
        with pytest.raises(SystemExit):
            end()
        return json.loads(capsys.readouterr().out)

    return module, result


@pytest.fixture
def in_process():
    """The same in the process of a task."""
    module = InProcessModule({}, {}, check_mode=False, connects=False)

    def result(end) -> dict:
        with pytest.raises(ModuleExit) as ended:
            end()
        return ended.value.result

    return module, result


@pytest.fixture(params=["own_process", "in_process"])
def module_and_result(request):
    module, result = request.getfixturevalue(request.param)
    module.hide([SECRET])
    return module, result


def texts_of(data) -> list[str]:
    if isinstance(data, dict):
        data = list(data.values())
    return [text for entry in data for text in texts_of(entry)] if isinstance(data, list) else [data] if isinstance(data, str) else []


def assert_printable(result: dict, count: int) -> None:
    texts = [text for text in texts_of(result) if "title" in text]
    assert len(texts) == count
    for text in texts:
        assert not {character for character in text if not character.isprintable()} - {"\n"}
        assert text.startswith("\\x1b]0;title\\x07\\x1b[2Jred\\x0d\n\\u202egnp.exe GET http://***@db/x " + MASK)
        assert max(map(len, text.split("\n"))) < MAX_LINE + 40 and len(text) < MAX_TEXT + 40
        assert "more characters)" in text and "characters omitted)" in text and text.endswith("line\n")


def test_hostile_result_and_diff(module_and_result):
    module, result = module_and_result
    ended = result(lambda: module.exit_json(**RESULT))
    assert_printable(ended, 4)
    assert (ended["count"], ended["none"]) == (3, None)


def test_input_of_a_later_task_stays_as_it_is(module_and_result):
    module, result = module_and_result
    module.data = ("pending",)
    ended = result(lambda: module.exit_json(pending=[{"data": HOSTILE.replace(SECRET, "")}], note=HOSTILE))
    assert ended["pending"] == [{"data": HOSTILE.replace(SECRET, "")}]
    assert_printable({"note": ended["note"]}, 1)


def test_hostile_failure(module_and_result):
    module, result = module_and_result
    ended = result(lambda: module.fail_json(msg=HOSTILE, causes=[{"message": HOSTILE}]))
    assert ended["failed"]
    assert_printable(ended, 2)


def test_hostile_warning(module_and_result, monkeypatch):
    module, result = module_and_result
    passed_on = []
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, warning: passed_on.append(warning))  # in this process Ansible prints it at once
    module.warn(HOSTILE)
    assert_printable({"passed_on": passed_on, **result(lambda: module.exit_json(changed=False))}, 1)


@pytest.mark.parametrize("text", ["", "tab\there", "two\nlines\n", "grün 🚀 日本語", "registry/x@sha256:1a2b", "a" * MAX_LINE])
def test_harmless_text_is_unchanged(text):
    assert printable_text(text) == text


@pytest.mark.parametrize(("text", "shown"), [("\ud83d", "\\ud83d"), ("a\u2028b", "a\\u2028b"), ("\x85", "\\x85"), ("\x7f", "\\x7f"), ("\u2066", "\\u2066")])
def test_characters_that_deceive_are_visible(text, shown):
    assert printable_text(text) == shown
