# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layers of module_utils/_internal: nothing imports upwards, no capability imports another, and there are no import cycles.

clients < workloads and causes < capabilities < drift, which orchestrates several. docs/architecture.md shows them.
"""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

INTERNAL = Path(__file__).resolve().parents[3] / "plugins/module_utils/_internal"
# What every layer may import: modules without any I/O on a cluster, an engine or a database.
BASE = {"errors", "masking", "credentials", "libraries", "printable", "processes", "progress", "secret_sources", "write_guard"}
CLIENTS = {"clients"}
WORKLOADS = {"workloads", "causes"}
ORCHESTRATORS = {"drift"}
MODULE = {"runbook_module"}  # the base of plugins/modules, which guards their writes; nothing in _internal imports it
GUARD = {"lease"}
PACKAGES = {path.name for path in INTERNAL.iterdir() if (path / "__init__.py").exists()}
CAPABILITIES = PACKAGES - CLIENTS - WORKLOADS - ORCHESTRATORS


def allowed_of(top: str) -> set[str]:
    """What the files of a package, or a file, of _internal may import."""
    if top in BASE:
        return BASE
    if top in MODULE:
        return BASE | CLIENTS | GUARD
    if top in CLIENTS:
        return BASE | CLIENTS
    if top in WORKLOADS:
        return BASE | CLIENTS | WORKLOADS
    if top in CAPABILITIES:
        return BASE | CLIENTS | WORKLOADS | {top}
    return BASE | CLIENTS | WORKLOADS | CAPABILITIES | {top}


def module_of(path: Path) -> tuple[str, ...]:
    parts = path.relative_to(INTERNAL).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports_of(path: Path) -> set[tuple[str, ...]]:
    """The modules of _internal that a file imports anywhere. Absolute imports of the collection are refused."""
    package = path.relative_to(INTERNAL).parent.parts
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not any("runbook.minikube" in alias.name for alias in node.names), f"{path}: imports inside of _internal are relative"
        if isinstance(node, ast.ImportFrom) and not node.level:
            assert "runbook.minikube" not in node.module, f"{path}: imports inside of _internal are relative"
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level - 1 <= len(package), f"{path}: line {node.lineno} imports from outside of _internal"
            parent = (*package[: len(package) - node.level + 1], *filter(None, (node.module or "").split(".")))
            imported |= {(*parent, alias.name) if exists((*parent, alias.name)) else parent for alias in node.names}
    return imported


def exists(module: tuple[str, ...]) -> bool:
    path = INTERNAL.joinpath(*module)
    return path.is_dir() or path.with_suffix(".py").is_file()


IMPORTS = {module_of(path): imports_of(path) for path in sorted(INTERNAL.rglob("*.py"))}


def test_all_layers_exist():
    assert CLIENTS | WORKLOADS | ORCHESTRATORS <= PACKAGES
    assert {path.stem for path in INTERNAL.glob("*.py")} == BASE | MODULE | {"__init__"}


@pytest.mark.parametrize("top", sorted(PACKAGES | BASE | MODULE))
def test_nothing_imports_upwards_or_sideways(top):
    wrong = [
        f"{'.'.join(module)} imports {'.'.join(imported)}"
        for module, others in IMPORTS.items() if module[:1] == (top,)
        for imported in sorted(others) if imported[0] not in allowed_of(top)
    ]  # fmt: skip
    assert not wrong


def test_no_import_cycles():
    try:
        TopologicalSorter({module: others - {module} for module, others in IMPORTS.items()}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(".".join(module) for module in reversed(error.args[1])))
