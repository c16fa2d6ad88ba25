# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a module's own main() in the process of the tests: a task of Ansible for each would take a hundred times as long."""

from __future__ import annotations

import importlib

import pytest
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessModule, ModuleExit

MODULES = "ansible_collections.runbook.minikube.plugins.modules"


def run_here(name: str, check: bool = False, **arguments) -> dict:
    """The module's result, with ``failed``."""
    module = importlib.import_module(f"{MODULES}.{name}")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ModuleExit) as ended:
        patch.setattr(module, "RunbookModule", lambda spec, **settings: InProcessModule(spec, arguments, check_mode=check, **settings))
        module.main()
    return {"failed": False, **ended.value.result}
