# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every module has an action plugin that can run it in the process of its task. All these files are made from one template."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessAction

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
PACKAGE = "ansible_collections.runbook.minikube.plugins"
ON_CONTROLLER = {"app_check", "app_file"}  # have no code of their own: they only run on the controller, in their action plugin
EXTENDED = {"lease"}  # whose action plugin does more
WITH_PROGRESS = {"minikube_image", "minikube_profile", "rollout"}
MODULES = sorted({file.stem for file in (PLUGINS / "modules").glob("*.py")} - ON_CONTROLLER)
TEMPLATE = '''# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module {name} in the process of its task, where it would run on this host anyway."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.modules import {name}
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    """See the module's documentation."""

    MODULE = {name}
'''


PROGRESS_TEMPLATE = TEMPLATE.replace("would run on this host anyway.", "would run on this host anyway, and shows its progress.").replace(
    "in_process import InProcessAction", "progress import ProgressAction"
).replace("InProcessAction", "ProgressAction")


def test_every_module_has_an_action_plugin_and_no_other_exists():
    assert {file.stem for file in (PLUGINS / "action").glob("*.py")} == {*MODULES, *ON_CONTROLLER}


@pytest.mark.parametrize("name", [name for name in MODULES if name not in EXTENDED])
def test_the_file_equals_the_template(name):
    template = PROGRESS_TEMPLATE if name in WITH_PROGRESS else TEMPLATE
    assert (PLUGINS / "action" / f"{name}.py").read_text(encoding="utf-8") == template.format(name=name)


@pytest.mark.parametrize("name", MODULES)
def test_the_module_can_run_in_process(name):
    module = importlib.import_module(f"{PACKAGE}.modules.{name}")
    assert callable(module.run) and isinstance(module.ARGUMENT_SPEC, dict) and isinstance(module.SETTINGS, dict)
    action = importlib.import_module(f"{PACKAGE}.action.{name}").ActionModule
    assert issubclass(action, InProcessAction) and action.MODULE is module


@pytest.mark.parametrize("name", MODULES)
def test_the_modules_with_progress_have_the_option(name):
    module = importlib.import_module(f"{PACKAGE}.modules.{name}")
    assert ("progress" in module.ARGUMENT_SPEC) == (name in WITH_PROGRESS)
