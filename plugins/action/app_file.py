# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selects the file that describes the application. Only the controller knows the working directory, and ansible-vault's passwords."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import AnsibleVaultError
from ansible.plugins.action import ActionBase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.select_file import (
    DEFAULT_NAME,
    ROOT,
    FileOptions,
    SelectedFile,
    content_problem,
    path_problem,
    select_file,
    yaml_problem,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.plugin_utils.variables import require_evaluable

# If one of these were set but could not be evaluated, a different application or cluster would be selected.
SELECTING = ("runbook_context", f"{ROOT}_file", f"{ROOT}_dir")
ARGUMENT_SPEC = {
    "file": {"type": "str"},
    "directory": {"type": "str"},
    "context": {"type": "str"},
    "previous_file": {"type": "str", "default": ""},
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
            require_evaluable(SELECTING, task_vars, self._templar)
            selected = select_file(
                self._file_options(options, task_vars), folder, os.path.realpath(options["example"]), os.path.lexists(folder / DEFAULT_NAME)
            )
            self._require_description(selected)
        except RunbookError as error:
            return {"failed": True, "msg": str(error)}
        return {"changed": False, "path": selected.path, "directory": selected.directory, "msg": selected.message}

    def _file_options(self, options: dict, task_vars: dict) -> FileOptions:
        """An option that is set without a value is set."""
        explicit = {name: options[name] or "" if name in self._task.args else None for name in ("file", "context")}
        return FileOptions(**explicit, directory=options["directory"], as_variable=ROOT in task_vars and not options["previous_file"])

    def _require_description(self, selected: SelectedFile) -> None:
        problem = selected.path and (path_problem(selected.path) or self._content_problem(selected.path))
        if problem:
            raise RunbookError(f"{selected.path} {problem}. {selected.fix}")

    def _content_problem(self, path: str) -> str:
        try:
            return content_problem(self._loader.load_from_file(path, cache="none", unsafe=True))
        except (AnsibleError, yaml.YAMLError) as error:
            return _reading_problem(error)


def _reading_problem(error: BaseException) -> str:
    causes = list(_causes(error))
    if any(isinstance(cause, AnsibleVaultError) for cause in causes):
        return "is encrypted by ansible-vault, and none of the given passwords decrypts it: add --ask-vault-pass or --vault-password-file"
    return yaml_problem(next((cause for cause in causes if isinstance(cause, yaml.YAMLError)), error))


def _causes(error: BaseException | None):
    """An error and its causes. ansible-core 2.18 keeps the cause in an attribute of its own."""
    while error is not None:
        yield error
        error = getattr(error, "orig_exc", None) or error.__cause__
