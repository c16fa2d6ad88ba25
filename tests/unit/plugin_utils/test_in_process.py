# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module in the process of its task: the same results as from a process of its own, and only where that is equivalent."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible import constants
from ansible_collections.runbook.minikube.plugins.module_utils._internal import libraries
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import certificate_files
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessAction, InProcessModule, ModuleExit

SPEC = {
    "count": {"type": "int", "default": 3},
    "password": {"type": "str", "no_log": True},
    "kind": {"type": "str", "choices": ["a", "b"], "default": "a"},
    "name": {"type": "str"},
}


def ended(code, arguments: dict | None = None, **settings) -> dict:
    """The result of a module's code."""
    with pytest.raises(ModuleExit) as info:
        code(InProcessModule(SPEC, arguments or {}, check_mode=False, connects=False, **settings))
    return info.value.result


def test_options_are_converted_and_completed():
    module = InProcessModule(SPEC, {"count": "7"}, check_mode=True, connects=False)
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


def test_warnings_and_deprecations_are_passed_on():
    def code(module):
        module.warn("look out")
        module.deprecate("use b", version="2.0.0", collection_name="runbook.minikube")
        module.deprecate("use c", date="2030-01-01", collection_name="runbook.minikube")
        module.exit_json(changed=True)

    assert ended(code) == {"changed": True, "warnings": ["look out"], "deprecations": [
        {"msg": "use b", "version": "2.0.0", "collection_name": "runbook.minikube"},
        {"msg": "use c", "date": "2030-01-01", "collection_name": "runbook.minikube"},
    ]}  # fmt: skip


def test_warnings_and_deprecations_of_options_are_passed_on():
    alias = {"name": "former", "version": "2.0.0", "collection_name": "runbook.minikube"}
    spec = {"name": {"type": "str", "aliases": ["former"], "deprecated_aliases": [alias]}, "count": {"type": "int", "removed_in_version": "3.0.0"}}
    with pytest.raises(ModuleExit) as info:
        InProcessModule(spec, {"name": "a", "former": "a", "count": 1}, check_mode=False, connects=False).exit_json()
    result = info.value.result
    assert result["warnings"] == ["Both option name and its alias former are set."]
    assert [(entry["version"], any(word in entry["msg"] for word in ("former", "count"))) for entry in result["deprecations"]] == [
        ("2.0.0", True), ("3.0.0", True),
    ]  # fmt: skip


def test_warnings_before_a_failure_are_passed_on():
    def code(module):
        module.warn("look out")
        module.fail_json(msg="broken")

    assert ended(code)["warnings"] == ["look out"]


def test_a_command_runs_with_variables_and_returns_its_exit_code():
    module = InProcessModule(SPEC, {}, check_mode=False, connects=False)
    done = module.run_command(["sh", "-c", "echo $WORD; echo oops >&2; exit 4"], environ_update={"WORD": "hello"})
    assert done == (4, "hello\n", "oops\n")


def test_a_missing_command_is_named():
    result = ended(lambda module: module.run_command(["/no/such/program"]))
    assert result["failed"] and "/no/such/program can't be started" in result["msg"]


def test_a_missing_command_raises_without_handle_exceptions():
    module = InProcessModule(SPEC, {}, check_mode=False, connects=False)
    with pytest.raises(FileNotFoundError):
        module.run_command(["/no/such/program"], handle_exceptions=False)


def action(interpreter=sys.executable, transport="local", become=None, environment=None, async_val=0, delegate_to=None, delegated=None) -> InProcessAction:
    """An action of a task, with a module that returns where it ran."""
    made = InProcessAction.__new__(InProcessAction)
    made.MODULE = SimpleNamespace(ARGUMENT_SPEC=SPEC, SETTINGS={"connects": False}, run=lambda module: module.exit_json(where="here"))
    made._task = SimpleNamespace(environment=environment or [], async_val=async_val, check_mode=False, delegate_to=delegate_to)
    made._connection = SimpleNamespace(transport=transport, become=become)
    made._templar = SimpleNamespace(template=lambda value: value)
    made._loader = SimpleNamespace(get_basedir=lambda: ".")
    made._execute_module = lambda **_options: {"where": "in a process of its own"}
    made.task_vars = {"ansible_python_interpreter": interpreter, "ansible_delegated_vars": {delegate_to: {"ansible_python_interpreter": delegated}}}
    return made


def where(made: InProcessAction, arguments: dict | None = None) -> str:
    return made.run_module(arguments or {}, made.task_vars)["where"]


def test_on_this_host_it_runs_in_process():
    assert where(action()) == "here"


def test_the_interpreter_of_the_delegated_host_decides():
    assert where(action(interpreter="/usr/bin/python3", delegate_to="localhost", delegated=sys.executable)) == "here"


@pytest.mark.parametrize("difference", [
    {"interpreter": "/usr/bin/python3"}, {"interpreter": None}, {"transport": "ssh"}, {"become": "a plugin"}, {"environment": [{"HTTPS_PROXY": "x"}]},
    {"async_val": 60}, {"delegate_to": "other", "delegated": "/usr/bin/python3"}, {"delegate_to": "other"},
])  # fmt: skip
def test_otherwise_it_runs_as_every_module(difference):
    assert where(action(**difference)) == "in a process of its own"


def test_ansible_does_not_refuse_async():
    assert InProcessAction._supports_async


def test_arguments_that_are_not_plain_data_are_left_to_ansible():
    assert where(action(), {"name": object()}) == "in a process of its own"


def test_strings_lose_ansibles_tags_in_both_directions():
    class Marked(str):
        __slots__ = ()

    made = action()
    made.MODULE.run = lambda module: module.exit_json(marked=isinstance(module.params["name"], Marked), back=Marked("x"))
    result = made.run_module({"name": Marked("n")}, made.task_vars)
    assert not result["marked"] and not isinstance(result["back"], Marked)


def fail_with(error):
    def code(module):
        module.hide(["found-later"])
        raise error

    made = action()
    made.MODULE.run = code
    return made.run_module({"password": "s3cret-word"}, made.task_vars)


def test_an_unexpected_exception_is_a_failure_of_the_module_without_secrets():
    result = fail_with(KeyError("s3cret-word and found-later"))
    assert result["failed"] and not result["changed"] and result["msg"].startswith("MODULE FAILURE: KeyError: ")
    assert result["exception"].startswith("Traceback") and "raise error" in result["exception"]
    assert "s3cret-word" not in str(result) and "found-later" not in str(result)


def test_an_exception_before_the_options_are_known_shows_none_of_them():
    made = action()
    made.MODULE.SETTINGS = {"connects": False, "libraries": lambda params: 1 / 0, "redact": {"name": lambda value: {}[value]}}
    result = made.run_module({"name": "s3cret-word"}, made.task_vars)
    assert result["failed"] and "KeyError" in result["msg"] and "s3cret-word" not in str(result)


def test_a_module_without_a_result_has_failed():
    made = action()
    made.MODULE.run = lambda module: None
    result = made.run_module({}, made.task_vars)
    assert result["failed"] and "ended without a result" in result["msg"]


def test_the_key_in_a_kubeconfig_is_a_file_only_while_the_module_runs():
    folders = []

    def observe(module):
        folders.append(Path(certificate_files.folder()))
        (folders[0] / "key").write_text("s3cret")
        module.exit_json(where="here")

    made = action()
    made.MODULE.run = observe
    where(made)
    assert folders[0].parent == Path(constants.DEFAULT_LOCAL_TMP) and not folders[0].exists()


def test_the_key_is_removed_after_an_interruption():
    folders = []

    def break_down(_module):
        folders.append(Path(certificate_files.folder()))
        raise KeyboardInterrupt

    made = action()
    made.MODULE.run = break_down
    with pytest.raises(KeyboardInterrupt):
        where(made)
    assert not folders[0].exists()


def test_a_missing_library_is_named_before_anything_is_done(monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "nacl", raising=False)
    result = ended(lambda module: module.exit_json(), libraries=lambda params: ["nacl"] if params["kind"] == "a" else [])
    assert result["failed"] and "PyNaCl" in result["msg"] and f"{sys.executable} -m pip install" in result["msg"]
