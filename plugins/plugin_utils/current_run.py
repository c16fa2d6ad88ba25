# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The run of Ansible that an action plugin works for: a module can't know it, and it is the same for all tasks of a playbook."""

from __future__ import annotations

import getpass
import multiprocessing
import os
from pathlib import Path

from ansible import context
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.identity import Holder, Host, UnknownProcess, process_start


def current_run(inventory_host: str) -> Holder | None:
    """The process that runs the playbook, for a host of its inventory. None where its start can't be determined."""
    pid = _pid()
    try:
        started = process_start(pid)
    except UnknownProcess:
        return None
    playbook = ", ".join(Path(name).name for name in context.CLIARGS.get("args") or ())
    return Holder(Host.this(), pid, started or 0.0, inventory_host, _user(), playbook)


def _pid() -> int:
    """That of the process which started this worker, also when it has ended and the worker has another parent by now."""
    parent = multiprocessing.parent_process()
    return parent.pid if parent and parent.pid else os.getppid()


def _user() -> str:
    """The user's name, the number where it has none, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
