# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a module in the process of its task, where it would run on this host as this user anyway.

Ansible would pack the module with its imports, start a Python for it, and import the Kubernetes client again: three quarters of the time
of a short task. In all other cases (another connection, user, Python or environment, or async) the module runs as every other module.

The result is the same in both cases: warnings and deprecations are passed on, an unexpected exception is a failure of the module, and the
values of ``no_log`` options, and those that the module hides, are masked in all of it. Texts of others in it are printable.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Collection, Iterable

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import certificate_files
from ansible_collections.runbook.minikube.plugins.module_utils._internal.masking import printed_forms, texts
from ansible_collections.runbook.minikube.plugins.module_utils._internal.printable import printable_result
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import Runbook, complete_spec, default_libraries, redactions
from ansible_collections.runbook.minikube.plugins.plugin_utils.current_run import current_run


class ModuleExit(Exception):
    """The module has ended, with this result."""

    def __init__(self, result: dict):
        super().__init__()
        self.result = result


class InProcessModule(Runbook):
    """The part of AnsibleModule's interface that modules use. Raises ModuleExit where AnsibleModule would exit the process."""

    def __init__(
        self, argument_spec: dict, arguments: dict, *, check_mode: bool, connects: bool = True, writes: bool = False, redact: dict | None = None,
        libraries: Callable | None = None, data: Collection[str] = (), **settings,
    ):  # fmt: skip
        self.check_mode = check_mode
        self.data = data
        self.redact = redactions(redact)
        self._warnings: list[str] = []
        self._deprecations: list[dict] = []
        validated = ArgumentSpecValidator(complete_spec(argument_spec, connects, writes), **settings).validate(arguments)
        self.params = validated.validated_parameters
        self.no_log_values = set(validated._no_log_values)
        self._hide_options()
        self._report_options(validated)
        if validated.error_messages:
            self.fail_json(msg="; ".join(validated.error_messages))
        self._require(libraries or default_libraries(connects))
        self._guard_writes()

    def warn(self, warning: str) -> None:
        """Adds a warning to the result."""
        self._warnings.append(warning)

    def deprecate(self, msg: str, version: str | None = None, date: str | None = None, collection_name: str | None = None) -> None:
        """Adds a deprecation to the result: removal in a version, or after a date."""
        removal = {"date": date} if date else {"version": version}
        self._deprecations.append({"msg": msg, **removal, "collection_name": collection_name})

    def exit_json(self, **result) -> None:
        """Ends the module with a result."""
        self._end(result)

    def fail_json(self, msg: str, **facts) -> None:
        """Ends the module with a failure."""
        self._end({"failed": True, "msg": msg, **facts})

    def run_command(
        self, command: list[str], environ_update=None, errors: str = "strict", pass_fds=(), handle_exceptions: bool = True
    ) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command.

        A command that can't be started fails the module, or raises OSError without ``handle_exceptions``.
        """
        environment = {**os.environ, **(environ_update or {})}
        options = {"env": environment, "stdin": subprocess.DEVNULL, "pass_fds": pass_fds, "errors": errors}
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        except OSError as error:
            if not handle_exceptions:
                raise
            self.fail_json(msg=f"{command[0]} can't be started: {error.strerror}", rc=error.errno)
        return done.returncode, done.stdout, done.stderr

    def _report_options(self, validated) -> None:
        """Warnings and deprecations of the options, as AnsibleModule words them."""
        for entry in validated._warnings:
            self.warn(f"Both option {entry['option']} and its alias {entry['alias']} are set.")
        for entry in validated._deprecations:
            self.deprecate(entry["msg"], entry.get("version"), entry.get("date"), entry.get("collection_name"))

    def _end(self, result: dict) -> None:
        reported = {"warnings": self._warnings, "deprecations": self._deprecations}
        result = {"changed": False, **result, **{name: entries for name, entries in reported.items() if entries}}
        raise ModuleExit(printable_result(result, self.no_log_values, self.data))


class InProcessAction(ActionBase):
    """The action of a module with ARGUMENT_SPEC, SETTINGS and ``run(module)``, which a subclass sets as ``MODULE``.

    The subclass imports the module at the top of its file: Ansible loads that once in its main process, and every task inherits the import.
    """

    TRANSFERS_FILES = False
    _supports_async = True
    MODULE = None

    def run(self, tmp=None, task_vars=None):
        """See the module's documentation."""
        super().run(tmp, task_vars)
        return self.run_module(self._with_holder(self._task.args, task_vars or {}), task_vars or {})

    def run_module(self, arguments: dict, task_vars: dict) -> dict:
        """The module's result."""
        plain = _to_plain(arguments)
        if plain is None or not self._can_run_in_process(task_vars):
            return self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val)
        os.chdir(self._loader.get_basedir())  # as for a module's own process; this one ends with the task
        with certificate_files.inside(lambda: constants.DEFAULT_LOCAL_TMP):  # which ansible-playbook removes at its end, whatever happens to the task
            return _to_plain(self._run_in_process(plain))

    def _with_holder(self, arguments: dict, task_vars: dict) -> dict:
        """The arguments with the run of Ansible that the module writes for.

        A task that is started and left alone (poll: 0) may outlive its run, as its author wants, unless it writes under a lease.
        """
        detached = self._task.async_val and not self._task.poll and not arguments.get("lease")
        if detached or not self._takes_holder or arguments.get("holder"):
            return arguments
        holder = current_run(task_vars.get("inventory_hostname", ""))
        return {**arguments, "holder": holder.to_dict()} if holder else arguments

    @property
    def _takes_holder(self) -> bool:
        return bool(self.MODULE.SETTINGS.get("writes") or "holder" in self.MODULE.ARGUMENT_SPEC)

    def _run_in_process(self, arguments: dict) -> dict:
        module = None
        try:
            module = InProcessModule(self.MODULE.ARGUMENT_SPEC, arguments, check_mode=self._task.check_mode, **self.MODULE.SETTINGS)
            self.MODULE.run(module)
            raise RuntimeError("the module ended without a result")
        except ModuleExit as ended:
            return ended.result
        except Exception as error:
            # Before the options are validated it is not known which of them are secret: all are masked.
            return _module_failure(error, module.no_log_values if module else printed_forms(texts(arguments)))

    @property
    def _runs_locally(self) -> bool:
        """Whether the module would run on this host as the user who runs Ansible.

        A keyword, a variable, an option of the command and the configuration can each enable become; all of them set the connection's plugin.
        """
        return self._connection.transport == "local" and self._connection.become is None

    def _can_run_in_process(self, task_vars: dict) -> bool:
        default = not (self._task.async_val or any(self._task.environment or []))
        return self._runs_locally and default and self._interpreter(task_vars) == sys.executable

    def _interpreter(self, task_vars: dict) -> str:
        """The Python that would run the module: that of the host to which the task is delegated, if it is."""
        delegated = (task_vars.get("ansible_delegated_vars") or {}).get(self._task.delegate_to or "")
        return self._templar.template(((delegated or {}) if self._task.delegate_to else task_vars).get("ansible_python_interpreter") or "")


def _module_failure(error: Exception, secrets: Iterable[str]) -> dict:
    """The result of a module that failed with an unexpected exception, with the traceback as Ansible shows it at higher verbosity."""
    msg = f"MODULE FAILURE: {type(error).__name__}: {error}. See the traceback with -vvv."
    return printable_result({"failed": True, "changed": False, "msg": msg, "exception": "".join(traceback.format_exception(error))}, secrets)


def _to_plain(data):
    """Data as it would arrive from another process: without Ansible's tags on strings. None for data that JSON can't represent."""
    try:
        return json.loads(json.dumps(data))
    except TypeError:
        return None
