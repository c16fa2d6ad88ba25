# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a module's code in the process of its task, where the task runs on this machine as this user anyway.

Ansible would pack the module with all that it imports, start a Python for it, and import the Kubernetes client anew: three quarters of the
time of a short task. In any other case (another connection, user, Python or environment) the module runs as every module does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.runbook.minikube.plugins.module_utils.cluster import certificate_files
from ansible_collections.runbook.minikube.plugins.module_utils.masking import masked
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import Runbook, complete_spec, needed, shown_options


class Ended(Exception):
    """The module's code has ended, with this result."""

    def __init__(self, result: dict):
        super().__init__()
        self.result = result


class ModuleHere(Runbook):
    """What a module's code sees of AnsibleModule, without a process of its own. Raises Ended where that would end the process."""

    def __init__(
        self, argument_spec: dict, arguments: dict, *, check_mode: bool, connects: bool = True, shown: dict | None = None,
        libraries: Callable | None = None, **settings,
    ):  # fmt: skip
        self.check_mode = check_mode
        self.shown = shown_options(shown)
        self._warnings: list[str] = []
        validated = ArgumentSpecValidator(complete_spec(argument_spec, connects), **settings).validate(arguments)
        self.params = validated.validated_parameters
        self.no_log_values = set(validated._no_log_values)
        self._hide_options()
        if validated.error_messages:
            self.fail_json(msg="; ".join(validated.error_messages))
        self._require(libraries or needed(connects))

    def warn(self, warning: str) -> None:
        """Shown after the task."""
        self._warnings.append(warning)

    def exit_json(self, **result) -> None:
        """Ends the module's code with a result."""
        self._end(result)

    def fail_json(self, msg: str, **facts) -> None:
        """Ends the module's code with a failure."""
        self._end({"failed": True, "msg": msg, **facts})

    def run_command(
        self, command: list[str], environ_update=None, errors: str = "strict", pass_fds=(), handle_exceptions: bool = True
    ) -> tuple[int, str, str]:
        """Exit code, output and errors of a program.

        One that can't be started ends the module's code, or raises OSError without ``handle_exceptions``.
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

    def _end(self, result: dict) -> None:
        result = {"changed": False, **result, **({"warnings": self._warnings} if self._warnings else {})}
        raise Ended(masked(result, self.no_log_values))


class HereAction(ActionBase):
    """An action for a module with ARGUMENT_SPEC, SETTINGS and ``run(module)``; a subclass names it in ``MODULE``.

    The subclass imports it at the top of its file: Ansible loads that once in its main process, and every task inherits the import.
    """

    TRANSFERS_FILES = False
    MODULE = None

    def run(self, tmp=None, task_vars=None):
        """See the module's documentation."""
        super().run(tmp, task_vars)
        return self.ask(self._task.args, task_vars or {})

    def ask(self, arguments: dict, task_vars: dict) -> dict:
        """The module's result."""
        given = _as_sent(arguments)
        if given is None or not self._is_here(task_vars):
            return self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val)
        os.chdir(self._loader.get_basedir())  # where a module's process would be; this one ends with the task
        with certificate_files.below(lambda: constants.DEFAULT_LOCAL_TMP):  # which ansible-playbook removes at its end, whatever becomes of the task
            try:
                self.MODULE.run(ModuleHere(self.MODULE.ARGUMENT_SPEC, given, check_mode=self._task.check_mode, **self.MODULE.SETTINGS))
            except Ended as ended:
                return _as_sent(ended.result)
        raise AssertionError(f"{self.MODULE.__name__} ended without a result")

    @property
    def _is_this_user(self) -> bool:
        """Whether the module runs on this machine as the user who runs Ansible.

        Become may be asked for by a keyword, a variable, an option of the command or the configuration; all lead to the connection's plugin.
        """
        return self._connection.transport == "local" and self._connection.become is None

    def _is_here(self, task_vars: dict) -> bool:
        plain = not (self._task.async_val or any(self._task.environment or []))
        return self._is_this_user and plain and self._python(task_vars) == sys.executable

    def _python(self, task_vars: dict) -> str:
        """The Python that would run the module: the one of the host to which the task is delegated."""
        delegated = (task_vars.get("ansible_delegated_vars") or {}).get(self._task.delegate_to or "")
        return self._templar.template(((delegated or {}) if self._task.delegate_to else task_vars).get("ansible_python_interpreter") or "")


def _as_sent(data):
    """Plain data as it arrives at the other side of a process: without Ansible's marks on texts. None for what is not plain."""
    try:
        return json.loads(json.dumps(data))
    except TypeError:
        return None
