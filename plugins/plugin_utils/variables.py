# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables that an action takes as they were given: `is defined` and `default` count one as missing that names a missing one."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible_collections.runbook.minikube.plugins.module_utils.app.evaluated import reason_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError


def refuse_without_value(names: tuple[str, ...], variables: dict, templar) -> None:
    """Raises RunbookError for the first of the names that was given and can't be evaluated."""
    for name in names:
        try:
            templar.template(variables.get(name))
        except AnsibleError as error:
            raise RunbookError(f"{name} is set, and has no value: {reason_of(error)}. Correct it, or leave it out.") from error
