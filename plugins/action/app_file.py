# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds the file that describes the application. Only the controller knows where the user stands, and ansible-vault's passwords."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import AnsibleVaultError
from ansible.plugins.action import ActionBase
from ansible_collections.runbook.minikube.plugins.module_utils.app.file import (
    DEFAULT_NAME,
    ROOT,
    Choice,
    Given,
    choose,
    content_problem,
    path_problem,
    yaml_problem,
)
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.plugin_utils.variables import refuse_without_value

# Where one of these is set and has no value, another application or cluster would be taken.
DECIDING = ("runbook_context", f"{ROOT}_file", f"{ROOT}_dir")
ARGUMENT_SPEC = {
    "file": {"type": "str"},
    "directory": {"type": "str"},
    "context": {"type": "str"},
    "read_before": {"type": "str", "default": ""},
    "example": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """See the module's documentation."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """See the module's documentation."""
        super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(ARGUMENT_SPEC)
        folder = Path.cwd()
        try:
            refuse_without_value(DECIDING, task_vars, self._templar)
            given = self._given(options, task_vars)
            choice = choose(given, folder, os.path.realpath(options["example"]), os.path.lexists(folder / DEFAULT_NAME))
            self._refuse_what_describes_nothing(choice)
        except RunbookError as error:
            return {"failed": True, "msg": str(error)}
        return {"changed": False, "path": choice.path, "directory": choice.directory, "msg": choice.says}

    def _given(self, options: dict, task_vars: dict) -> Given:
        """An option that was given without a value was given all the same."""
        named = {name: options[name] or "" if name in self._task.args else None for name in ("file", "context")}
        return Given(**named, directory=options["directory"], as_variable=ROOT in task_vars and not options["read_before"])

    def _refuse_what_describes_nothing(self, choice: Choice) -> None:
        problem = choice.path and (path_problem(choice.path) or self._content_problem(choice.path))
        if problem:
            raise RunbookError(f"{choice.path} {problem}. {choice.way_out}")

    def _content_problem(self, path: str) -> str:
        try:
            return content_problem(self._loader.load_from_file(path, cache="none", unsafe=True))
        except (AnsibleError, yaml.YAMLError) as error:
            return _reading_problem(error)


def _reading_problem(error: BaseException) -> str:
    causes = list(_causes(error))
    if any(isinstance(cause, AnsibleVaultError) for cause in causes):
        return "is encrypted by ansible-vault, and no password that was given opens it: add --ask-vault-pass or --vault-password-file"
    return yaml_problem(next((cause for cause in causes if isinstance(cause, yaml.YAMLError)), error))


def _causes(error: BaseException | None):
    """An error and what it was raised from. ansible-core 2.18 keeps that in an attribute of its own."""
    while error is not None:
        yield error
        error = getattr(error, "orig_exc", None) or error.__cause__
