# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Missing libraries are reported with how to install them, and every imported library is declared."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal import libraries

ROOT = Path(__file__).resolve().parents[3]
DECLARED = [line.partition(";")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]


OF_ANSIBLE = {"ansible", "ansible_collections", "jinja2"}  # which every controller has; jinja2 is a dependency of ansible-core


def name_of(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0].lower()


def imported(folder: str) -> set[str]:
    """The third-party modules that the Python files below a folder import."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - OF_ANSIBLE


def test_declared_libraries_are_exactly_those_imported():
    packages = packages_distributions()
    assert {name_of(package) for module in imported("plugins") for package in packages[module]} == set(map(name_of, DECLARED))


def test_messages_and_requirements_agree():
    assert sorted(libraries.LIBRARIES.values()) == sorted(DECLARED)
    assert set(libraries.LIBRARIES) == imported("plugins")


@pytest.mark.parametrize("path", sorted((ROOT / "plugins/modules").glob("*.py")), ids=lambda path: path.stem)
def test_the_documentation_of_a_module_names_the_same_versions(path):
    tree = ast.parse(path.read_text())
    text = next(node.value.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "DOCUMENTATION")
    bounds = {name_of(one): one.partition(">=")[2] for one in DECLARED}
    stated = [re.match(r"([\w-]+) >= ([\d.]+)", one) for one in yaml.safe_load(text).get("requirements", [])]
    wrong = [one[0] for one in stated if one and bounds.get(one[1].lower(), one[2]) != one[2]]
    assert not wrong


def test_the_lowest_versions_are_those_that_are_tested():
    lines = (ROOT / "requirements/lowest.in").read_text().splitlines()
    pinned = dict(line.lower().split("==") for line in lines if "==" in line)
    for requirement in DECLARED:
        package, _sign, lowest = requirement.lower().partition(">=")
        assert pinned[package] == lowest, requirement


def test_all_missing_libraries_are_listed(monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name in ("docker", "nacl") else "there")
    for name in ("docker", "nacl"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert libraries.missing(["docker", "yaml", "nacl", "docker"]) == ["docker", "nacl"]


@pytest.fixture
def interpreter(tmp_path, monkeypatch):
    """A Python interpreter without some libraries, in its own folder."""
    monkeypatch.setattr(sys, "executable", "/opt/my tools/bin/python")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(libraries.sysconfig, "get_path", lambda _name: str(tmp_path))
    return tmp_path


def test_hint_calls_pip_of_that_interpreter(interpreter):
    message = libraries.missing_message(["docker", "nacl"])
    assert "missing: docker>=7.1.0, PyNaCl>=1.5.0, in /opt/my tools/bin/python," in message
    assert message.endswith("Install them: '/opt/my tools/bin/python' -m pip install 'docker>=7.1.0' 'PyNaCl>=1.5.0'")


def test_hint_for_a_pipx_environment(interpreter):
    (interpreter / "pipx_metadata.json").touch()
    assert libraries.missing_message(["nacl"]).endswith(f"pipx inject {interpreter.name} 'PyNaCl>=1.5.0'")


def test_hint_for_an_externally_managed_interpreter(interpreter, monkeypatch):
    (interpreter / "EXTERNALLY-MANAGED").touch()
    assert "PEP 668" not in libraries.missing_message(["nacl"])  # a virtual environment of such a Python
    monkeypatch.setattr(sys, "base_prefix", str(interpreter))
    message = libraries.missing_message(["nacl"])
    assert "PEP 668" in message and "ansible_python_interpreter" in message and "bin/python -m pip install 'PyNaCl>=1.5.0'" in message


@pytest.mark.parametrize(("option", "needed"), [
    (None, ()), ({"via": "pod", "workload": None}, ()), ({"via": None, "workload": "Deployment/a"}, ()),
    ({"via": None, "workload": None}, libraries.DATABASE), ({"via": "direct", "workload": "Deployment/a"}, libraries.DATABASE),
    ({"via": "port_forward", "workload": None}, libraries.DATABASE),
])  # fmt: skip
def test_the_database_driver_is_needed_where_no_pod_does_the_work(option, needed):
    assert libraries.database_libraries(option) == needed
