# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validates the description of the application, a variable that only the controller can evaluate."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.complete import complete_app
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.expressions import first_failing, reason_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.select_file import ROOT
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.plugin_utils.variables import require_evaluable

ARGUMENT_SPEC = {"file": {"type": "str"}, "directory": {"type": "str", "required": True}, "overrides": {"type": "raw"}}


class ActionModule(ActionBase):
    """See the module's documentation."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """See the module's documentation."""
        super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            require_evaluable((f"{ROOT}_overrides",), task_vars, self._templar)
            app = complete_app(self._evaluated(task_vars[ROOT]), options["directory"], options["overrides"])
        except RunbookError as error:
            return {"failed": True, "msg": f"{options['file']}: {error}" if options["file"] else str(error), **error.facts}
        msg = f"Application {app['name']}, namespace {app['namespace']}: {len(app['images'])} images, {len(app['workloads'])} workloads."
        return {"changed": False, "msg": msg}

    def _evaluated(self, description):
        """Raises RunbookError with the path of an expression that cannot be evaluated."""
        try:
            return self._templar.template(description)
        except AnsibleError as error:
            path = first_failing(description, ROOT, self._templar.template, (AnsibleError,))
            raise RunbookError(f"{ROOT} has an error:\n  {path}: {reason_of(error)}") from error
