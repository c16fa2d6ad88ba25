# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of the example: what gets into its images, and how its code locks."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.build_context import read_sources
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.spec import ImageSpec

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/todo"
IMAGES = [
    ("frontend", "Dockerfile"),
    ("backend", "Dockerfile"),
    ("backend", "tools/Dockerfile"),
    ("services/audit-service", "Dockerfile"),
    ("model", "Dockerfile"),
]
SOURCES = [path for pattern in ("*.py", "*.ts", "*.tsx") for path in sorted(EXAMPLE.rglob(pattern)) if "node_modules" not in path.parts]


@pytest.mark.parametrize(("folder", "dockerfile"), IMAGES)
def test_no_env_file_gets_into_an_image(folder, dockerfile, tmp_path):
    pytest.importorskip("docker", reason="the ignore patterns are the Docker SDK's")
    root = Path(shutil.copytree(EXAMPLE / folder, tmp_path / "context", ignore=shutil.ignore_patterns("node_modules", ".next")))
    for name in (".env", ".env.local", ".env.production", "lib/.env", "tools/.env.local"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("BETTER_AUTH_SECRET=planted")
    source = read_sources([ImageSpec(option="images[0]", name="a", context=str(root), dockerfile=str(root / dockerfile))])[0]
    paths = [entry.path for entry in source.entries]
    assert paths and not [path for path in paths if ".env" in path]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(EXAMPLE)))
def test_no_lock_outlives_its_transaction(path):
    """Behind a pooler, the next transaction may have another session, so that a session's lock is never released."""
    assert "pg_advisory_lock" not in path.read_text(encoding="utf-8")


def imported(file: Path) -> set[Path]:
    """The file, and the backend's own files that it needs."""
    tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    names = {name for node in tree for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None)])}
    files = {path for name in names if (path := EXAMPLE / "backend" / f"{name}.py").exists()}
    return {file}.union(*map(imported, files))


def test_the_tools_image_gets_what_the_tools_import():
    needed = {path.relative_to(EXAMPLE / "backend") for path in imported(EXAMPLE / "backend/tools/server.py")}
    copied = {Path(word) for line in (EXAMPLE / "backend/tools/Dockerfile").read_text().splitlines() if line.startswith("COPY") for word in line.split()}
    sent = {Path(line[1:]) for line in (EXAMPLE / "backend/tools/Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert (needed - copied, needed - sent) == (set(), set())
