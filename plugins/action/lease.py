# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adds the holder to the options of the module lease: the run of ansible-playbook, which only the controller knows."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.identity import Holder, Host, UnknownProcess, process_start
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.plan import BLOCKED
from ansible_collections.runbook.minikube.plugins.modules import lease
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    """Runs the module with the holder, and displays whom it waits for."""

    MODULE = lease

    def run_module(self, arguments, task_vars):
        """See the module's documentation."""
        holder = arguments.get("holder") or _current_run(task_vars.get("inventory_hostname", ""))
        arguments = {**arguments, "holder": holder}
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


def _current_run(inventory_host: str) -> dict:
    """The process that runs the playbook: this code runs in a worker, its child."""
    pid = os.getppid()
    try:
        started = process_start(pid)
    except UnknownProcess as error:
        raise AnsibleActionFail(f"The start time of this run of Ansible can't be determined. {error}") from error
    playbook = ", ".join(Path(name).name for name in context.CLIARGS.get("args") or ())
    return Holder(Host.this(), pid, started or 0.0, inventory_host, getpass.getuser(), playbook).to_dict()
