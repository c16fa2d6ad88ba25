# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module's code in the process of its task: the same results as from a process of its own, and only where that is the same."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible import constants
from ansible_collections.runbook.minikube.plugins.module_utils import libraries
from ansible_collections.runbook.minikube.plugins.module_utils.cluster import certificate_files
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.plugin_utils.here import Ended, HereAction, ModuleHere

SPEC = {
    "count": {"type": "int", "default": 3},
    "password": {"type": "str", "no_log": True},
    "kind": {"type": "str", "choices": ["a", "b"], "default": "a"},
    "name": {"type": "str"},
}


def ended(code, arguments: dict | None = None, **settings) -> dict:
    """The result of a module's code."""
    with pytest.raises(Ended) as info:
        code(ModuleHere(SPEC, arguments or {}, check_mode=False, connects=False, **settings))
    return info.value.result


def test_options_are_converted_and_completed():
    module = ModuleHere(SPEC, {"count": "7"}, check_mode=True, connects=False)
    assert module.params == {"count": 7, "password": None, "kind": "a", "name": None} and module.check_mode


@pytest.mark.parametrize(("arguments", "words"), [
    ({"count": "many"}, "count"), ({"kind": "c"}, "value of kind must be one of: a, b"), ({"typo": 1}, "typo"),
])  # fmt: skip
def test_a_wrong_option_is_named_before_anything_is_done(arguments, words):
    def code(_module):
        raise AssertionError("the code ran")

    result = ended(code, arguments)
    assert result["failed"] and words in result["msg"]


def test_settings_of_the_module_count():
    result = ended(lambda module: None, {"kind": "b"}, required_if=[("kind", "b", ["name"])])
    assert result["failed"] and "name" in result["msg"]


def test_a_secret_is_not_in_the_result():
    result = ended(lambda module: module.exit_json(msg="it is s3cret-word", nested=[{"a": "s3cret-word"}]), {"password": "s3cret-word"})
    assert "s3cret-word" not in str(result)


def test_a_secret_that_the_code_finds_is_not_in_the_result():
    def code(module):
        module.hide(["found-later"])
        module.fail_json(msg="found-later is wrong")

    assert "found-later" not in str(ended(code))


def test_an_error_of_the_collection_is_a_failure_with_its_facts():
    def code(module):
        with module.clear_failures():
            raise RunbookError("It is broken.", causes=[1])

    assert ended(code) == {"changed": False, "failed": True, "msg": "It is broken.", "causes": [1]}


def test_a_warning_is_handed_on():
    def code(module):
        module.warn("look out")
        module.exit_json(changed=True)

    assert ended(code) == {"changed": True, "warnings": ["look out"]}


def test_a_program_is_run_with_variables_and_its_exit_code_is_told():
    module = ModuleHere(SPEC, {}, check_mode=False, connects=False)
    done = module.run_command(["sh", "-c", "echo $WORD; echo oops >&2; exit 4"], environ_update={"WORD": "hello"})
    assert done == (4, "hello\n", "oops\n")


def test_a_program_that_is_not_there_is_named():
    result = ended(lambda module: module.run_command(["/no/such/program"]))
    assert result["failed"] and "/no/such/program can't be started" in result["msg"]


def test_a_program_that_is_not_there_is_raised_where_the_code_wants_it_so():
    module = ModuleHere(SPEC, {}, check_mode=False, connects=False)
    with pytest.raises(FileNotFoundError):
        module.run_command(["/no/such/program"], handle_exceptions=False)


def action(interpreter=sys.executable, transport="local", become=None, environment=None, async_val=0, delegate_to=None, delegated=None) -> HereAction:
    """An action of a task, with a module that says where it ran."""
    made = HereAction.__new__(HereAction)
    made.MODULE = SimpleNamespace(ARGUMENT_SPEC=SPEC, SETTINGS={"connects": False}, run=lambda module: module.exit_json(where="here"))
    made._task = SimpleNamespace(environment=environment or [], async_val=async_val, check_mode=False, delegate_to=delegate_to)
    made._connection = SimpleNamespace(transport=transport, become=become)
    made._templar = SimpleNamespace(template=lambda value: value)
    made._loader = SimpleNamespace(get_basedir=lambda: ".")
    made._execute_module = lambda **_options: {"where": "in a process of its own"}
    made.task_vars = {"ansible_python_interpreter": interpreter, "ansible_delegated_vars": {delegate_to: {"ansible_python_interpreter": delegated}}}
    return made


def where(made: HereAction, arguments: dict | None = None) -> str:
    return made.ask(arguments or {}, made.task_vars)["where"]


def test_on_this_machine_it_runs_here():
    assert where(action()) == "here"


def test_the_python_of_the_host_to_which_a_task_is_delegated_counts():
    assert where(action(interpreter="/usr/bin/python3", delegate_to="localhost", delegated=sys.executable)) == "here"


@pytest.mark.parametrize("difference", [
    {"interpreter": "/usr/bin/python3"}, {"interpreter": None}, {"transport": "ssh"}, {"become": "a plugin"}, {"environment": [{"HTTPS_PROXY": "x"}]},
    {"async_val": 60}, {"delegate_to": "other", "delegated": "/usr/bin/python3"}, {"delegate_to": "other"},
])  # fmt: skip
def test_anything_else_is_a_module_as_any_other(difference):
    assert where(action(**difference)) == "in a process of its own"


def test_what_is_not_plain_data_is_left_to_ansible():
    assert where(action(), {"name": object()}) == "in a process of its own"


def test_texts_lose_ansibles_marks_on_both_ways():
    class Marked(str):
        __slots__ = ()

    made = action()
    made.MODULE.run = lambda module: module.exit_json(marked=isinstance(module.params["name"], Marked), back=Marked("x"))
    result = made.ask({"name": Marked("n")}, made.task_vars)
    assert not result["marked"] and not isinstance(result["back"], Marked)


def test_the_key_in_a_kubeconfig_is_a_file_only_while_the_module_runs():
    seen = []

    def look(module):
        seen.append(Path(certificate_files.folder()))
        (seen[0] / "key").write_text("s3cret")
        module.exit_json(where="here")

    made = action()
    made.MODULE.run = look
    where(made)
    assert seen[0].parent == Path(constants.DEFAULT_LOCAL_TMP) and not seen[0].exists()


def test_the_key_is_gone_whatever_becomes_of_the_module():
    seen = []

    def break_down(_module):
        seen.append(Path(certificate_files.folder()))
        raise KeyboardInterrupt

    made = action()
    made.MODULE.run = break_down
    with pytest.raises(KeyboardInterrupt):
        where(made)
    assert not seen[0].exists()


def test_a_missing_library_is_named_before_anything_is_done(monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "nacl", raising=False)
    result = ended(lambda module: module.exit_json(), libraries=lambda params: ["nacl"] if params["kind"] == "a" else [])
    assert result["failed"] and "PyNaCl" in result["msg"] and f"{sys.executable} -m pip install" in result["msg"]
