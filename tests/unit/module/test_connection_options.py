# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documented connection options are kubernetes.core's, and no module needs the fragment of another collection, which Galaxy does not have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.kubernetes.core.plugins.doc_fragments.k8s_auth_options import ModuleDocFragment as KubernetesCore
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from ansible_collections.runbook.minikube.plugins.doc_fragments.connection import ModuleDocFragment as Connection

MODULES = sorted((Path(__file__).resolve().parents[3] / "plugins/modules").glob("*.py"))
WORDING = ("description", "version_added")


def options_of(fragment: type) -> dict:
    """The options of a fragment without their wording, each with the environment variables that its description names."""
    return _without_wording(yaml.safe_load(fragment.DOCUMENTATION)["options"])


def _without_wording(options: dict) -> dict:
    return {name: _facts(option) for name, option in options.items()}


def _facts(option: dict) -> dict:
    facts = {name: value for name, value in option.items() if name not in WORDING}
    if "suboptions" in option:
        facts["suboptions"] = _without_wording(option["suboptions"])
    return {**facts, "env": set(re.findall(r"K8S_AUTH_\w+", str(option["description"])))}


def test_connection_options_are_those_of_kubernetes_core():
    assert options_of(Connection) == options_of(KubernetesCore)


def test_connection_options_are_those_that_modules_accept():
    documented = yaml.safe_load(Connection.DOCUMENTATION)["options"]
    accepted = {name: (spec.get("type", "str"), spec.get("aliases", [])) for name, spec in AUTH_ARG_SPEC.items()}
    assert {name: (option["type"], option.get("aliases", [])) for name, option in documented.items()} == accepted


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_module_extends_no_fragment_that_galaxy_lacks(module):
    documentation = yaml.safe_load(re.search(r'DOCUMENTATION = r"""(.+?)"""', module.read_text(), re.DOTALL)[1])
    fragments = documentation.get("extends_documentation_fragment", [])
    assert [name for name in fragments if not name.startswith(("runbook.minikube.", "ansible.builtin."))] == []
