# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which libraries are missing, what a person does about it, and that every one that is imported is declared."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils import libraries

ROOT = Path(__file__).resolve().parents[3]
DECLARED = [line.partition(";")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]


def name_of(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0].lower()


def imported(folder: str) -> set[str]:
    """The modules of others that the Python files below a folder import."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"ansible", "ansible_collections"}


def test_every_library_that_is_imported_is_declared_and_no_other():
    packages = packages_distributions()
    assert {name_of(package) for module in imported("plugins") for package in packages[module]} == set(map(name_of, DECLARED))


def test_what_a_person_is_told_to_install_is_what_is_declared():
    assert sorted(libraries.LIBRARIES.values()) == sorted(DECLARED)
    assert set(libraries.LIBRARIES) == imported("plugins")


@pytest.mark.parametrize("path", sorted((ROOT / "plugins/modules").glob("*.py")), ids=lambda path: path.stem)
def test_the_documentation_of_a_module_names_the_same_versions(path):
    tree = ast.parse(path.read_text())
    text = next(node.value.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "DOCUMENTATION")
    bounds = {name_of(one): one.partition(">=")[2] for one in DECLARED}
    told = [re.match(r"([\w-]+) >= ([\d.]+)", one) for one in yaml.safe_load(text).get("requirements", [])]
    wrong = [one[0] for one in told if one and bounds.get(one[1].lower(), one[2]) != one[2]]
    assert not wrong


def test_the_lowest_versions_are_those_that_are_tested():
    lines = (ROOT / "requirements/lowest.in").read_text().splitlines()
    pinned = dict(line.lower().split("==") for line in lines if "==" in line)
    for requirement in DECLARED:
        package, _sign, lowest = requirement.lower().partition(">=")
        assert pinned[package] == lowest, requirement


def test_all_that_is_missing_is_named_at_once(monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name in ("docker", "nacl") else "there")
    for name in ("docker", "nacl"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert libraries.missing(["docker", "yaml", "nacl", "docker"]) == ["docker", "nacl"]


@pytest.fixture
def interpreter(tmp_path, monkeypatch):
    """The Python that lacks something, in a folder of its own."""
    monkeypatch.setattr(sys, "executable", "/opt/my tools/bin/python")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(libraries.sysconfig, "get_path", lambda _name: str(tmp_path))
    return tmp_path


def test_pip_is_called_by_the_python_that_lacks_them(interpreter):
    told = libraries.lacking(["docker", "nacl"])
    assert "(/opt/my tools/bin/python) lacks docker>=7.1.0, PyNaCl>=1.5.0." in told
    assert told.endswith("Install them: '/opt/my tools/bin/python' -m pip install 'docker>=7.1.0' 'PyNaCl>=1.5.0'")


def test_what_pipx_made_is_added_to_by_pipx(interpreter):
    (interpreter / "pipx_metadata.json").touch()
    assert libraries.lacking(["nacl"]).endswith(f"pipx inject {interpreter.name} 'PyNaCl>=1.5.0'")


def test_where_pip_may_not_install_another_way_is_told(interpreter, monkeypatch):
    (interpreter / "EXTERNALLY-MANAGED").touch()
    assert "PEP 668" not in libraries.lacking(["nacl"])  # a virtual environment of such a Python
    monkeypatch.setattr(sys, "base_prefix", str(interpreter))
    told = libraries.lacking(["nacl"])
    assert "PEP 668" in told and "ansible_python_interpreter" in told and "bin/python -m pip install 'PyNaCl>=1.5.0'" in told


@pytest.mark.parametrize(("option", "needed"), [
    (None, ()), ({"via": "pod", "workload": None}, ()), ({"via": None, "workload": "Deployment/a"}, ()),
    ({"via": None, "workload": None}, libraries.DATABASE), ({"via": "direct", "workload": "Deployment/a"}, libraries.DATABASE),
    ({"via": "port_forward", "workload": None}, libraries.DATABASE),
])  # fmt: skip
def test_the_database_driver_is_needed_where_no_pod_does_the_work(option, needed):
    assert libraries.driver_for(option) == needed
