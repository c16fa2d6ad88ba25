# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module lease for the current run of Ansible, and displays whom it waits for."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.plan import BLOCKED
from ansible_collections.runbook.minikube.plugins.modules import lease
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    """Displays whom the module waits for, as a module prints nothing while it runs."""

    MODULE = lease

    def run_module(self, arguments, task_vars):
        """See the module's documentation."""
        if not arguments.get("holder"):
            raise AnsibleActionFail("The start time of this run of Ansible can't be determined. Install psutil for the Python that runs Ansible.")
        result = super().run_module({**arguments, "wait": 0} if _waits(arguments) else arguments, task_vars)
        if result.get("action") == BLOCKED and result.get("failed") and _waits(arguments):
            self._display.display(f"Waiting up to {arguments['wait']} s for the lease, which is held by {result['holder']['identity']}")
            result = super().run_module(arguments, task_vars)
        return result


def _waits(arguments: dict) -> bool:
    """Whether to wait, and so to display first for whom, as a module prints nothing while it runs.

    An invalid number of seconds is left for the module to refuse.
    """
    wait = str(arguments.get("wait") or "0").strip()
    return wait.isdigit() and int(wait) > 0
