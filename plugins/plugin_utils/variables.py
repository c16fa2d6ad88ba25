# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks variables that are set but cannot be evaluated: `is defined` and `default` treat such a variable as not set."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.expressions import reason_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError


def require_evaluable(names: tuple[str, ...], variables: dict, templar) -> None:
    """Raises RunbookError for the first of the variables that is set and cannot be evaluated."""
    for name in names:
        try:
            templar.template(variables.get(name))
        except AnsibleError as error:
            raise RunbookError(f"{name} is set, but cannot be evaluated: {reason_of(error)}. Correct it, or remove it.") from error
