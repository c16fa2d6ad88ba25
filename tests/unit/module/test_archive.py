# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The archive for Galaxy contains what a user needs, and nothing that only a checkout needs."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ADDED_BY_GALAXY = {"MANIFEST.json", "FILES.json"}
FOLDERS = {"changelogs", "docs", "examples", "meta", "playbooks", "plugins", "roles"}
FILES = {"CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "README.md", "requirements.txt", "requirements.yml"}


@pytest.fixture(scope="module")
def names(tmp_path_factory) -> set[str]:
    """The paths of the files in the archive."""
    output = tmp_path_factory.mktemp("archive")
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    subprocess.run([galaxy, "collection", "build", ROOT, "--output-path", output], check=True, capture_output=True, timeout=300)
    with tarfile.open(next(output.glob("*.tar.gz"))) as archive:
        return {member.name for member in archive if not member.isdir()}


def test_archive_has_only_the_files_that_users_need(names):
    assert {name.split("/")[0] for name in names} == FOLDERS | FILES | ADDED_BY_GALAXY


def test_archive_has_no_outputs_of_tools(names):
    assert [name for name in names if {"node_modules", ".next", "__pycache__", "collections"} & set(name.split("/"))] == []


def test_archive_has_all_files_of_the_roles(names):
    expected = {str(path.relative_to(ROOT)) for path in (ROOT / "roles").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert expected - names == set()
