# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells the module lease which run of ansible-playbook asks. Only the controller knows that."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible_collections.runbook.minikube.plugins.module_utils.lease.identity import CannotTell, Holder, Machine, process_start
from ansible_collections.runbook.minikube.plugins.module_utils.lease.plan import BLOCKED
from ansible_collections.runbook.minikube.plugins.modules import lease
from ansible_collections.runbook.minikube.plugins.plugin_utils.here import HereAction


class ActionModule(HereAction):
    """Runs the module with the holder filled in."""

    MODULE = lease

    def ask(self, arguments, task_vars):
        """See the module's documentation."""
        holder = arguments.get("holder") or _this_run(task_vars.get("inventory_hostname", ""))
        arguments = {**arguments, "holder": holder}
        result = super().ask({**arguments, "wait": 0} if _waits(arguments) else arguments, task_vars)
        if result.get("action") == BLOCKED and result.get("failed") and _waits(arguments):
            self._display.display(f"Waiting up to {arguments['wait']} s, as it is held by {result['holder']['identity']}")
            result = super().ask(arguments, task_vars)
        return result


def _waits(arguments: dict) -> bool:
    """Whether to wait, and so to say first for whom, as a module prints nothing while it runs.

    What is no number of seconds is left for the module to refuse.
    """
    wait = str(arguments.get("wait") or "0").strip()
    return wait.isdigit() and int(wait) > 0


def _this_run(inventory_host: str) -> dict:
    """The process that runs the playbook: this code runs in a worker, which is a child of it."""
    pid = os.getppid()
    try:
        started = process_start(pid)
    except CannotTell as error:
        raise AnsibleActionFail(f"When this run of Ansible was started can't be found out. {error}") from error
    playbook = ", ".join(Path(name).name for name in context.CLIARGS.get("args") or ())
    return Holder(Machine.this(), pid, started or 0.0, inventory_host, getpass.getuser(), playbook).to_dict()
