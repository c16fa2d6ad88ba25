# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links and paths in the documents exist, and the READMEs have the agreed headings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ARCHITECTURE = ROOT / "docs/architecture.md"
INTERNAL = ROOT / "plugins/module_utils/_internal"
FOLDERS = ("", "docs/", "roles/*/", "examples/*/", "tests/", "tests/*/")
DOCUMENTS = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}*.md"))
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]*/[\w./-]*|[\w-]+\.(?:py|yml|md)")  # has a slash, or is a file's name
# The files of a capability, which the shape names for all of them.
SHAPE = {"options.py", "model.py", "observe.py", "plan.py", "apply.py", "report.py"}
ROLE_HEADINGS = ["Example", "Behavior", "Results", "Variables"]
README_HEADINGS = [
    "Description", "Requirements", "Installation", "Use Cases", "Testing", "Contributing", "Support", "Release Notes", "License Information",
]  # fmt: skip


def headings_of(document: Path) -> list[str]:
    """The headings of the second level, outside of code blocks."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def paths_of(text: str) -> set[str]:
    """The paths that are formatted as code in a text."""
    without_blocks = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return {code for code in CODE.findall(without_blocks) if PATH.fullmatch(code)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_exist(document):
    missing = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert not missing


def test_paths_in_the_architecture_exist():
    paths = paths_of(ARCHITECTURE.read_text())
    assert len(paths) > 12
    folders = (ROOT, INTERNAL, INTERNAL / "clients/cluster")
    missing = [path for path in paths if not any((folder / path).exists() for folder in folders) and path not in SHAPE]
    assert not missing


def test_each_question_has_one_path():
    rows = re.findall(r"^\| (.+\?) \| (.+) \|$", ARCHITECTURE.read_text(), re.MULTILINE)
    assert len(rows) >= 14
    assert all((ROOT / answer.strip("`")).is_file() for _question, answer in rows)


def test_the_picture_has_every_package():
    picture = re.search(r"```mermaid\n(.+?)```", ARCHITECTURE.read_text(), re.DOTALL)[1]
    packages = {path.name for path in INTERNAL.iterdir() if (path / "__init__.py").exists()}
    assert {name for name in packages if not re.search(rf"\b{name}\b", picture)} == set()


def test_the_readme_follows_the_template_of_collections():
    assert headings_of(ROOT / "README.md") == README_HEADINGS


@pytest.mark.parametrize("readme", sorted(ROOT.glob("roles/*/README.md")), ids=lambda path: path.parent.name)
def test_the_roles_have_the_same_headings(readme):
    assert readme.read_text().startswith(f"# {readme.parent.name}\n")
    assert headings_of(readme) == ROLE_HEADINGS


def test_all_modules_roles_and_playbooks_are_in_the_readme():
    text = (ROOT / "README.md").read_text()
    names = [path.stem for path in ROOT.glob("plugins/modules/*.py")] + [path.name for path in ROOT.glob("playbooks/*.yml")]
    names += [f"roles/{path.name}/README.md" for path in (ROOT / "roles").iterdir()]
    assert [name for name in names if f"`{name}`" not in text and f"({name})" not in text] == []


def variables_of(playbook: Path) -> str:
    """The text in which a playbook's variables stand: its own, and the argument specs of the roles."""
    return playbook.read_text() + "".join(path.read_text() for path in ROOT.glob("roles/*/meta/argument_specs.yml"))


@pytest.mark.parametrize("document", [ROOT / "README.md", ROOT / "docs/guide.md"], ids=lambda path: path.name)
def test_the_named_playbooks_modules_and_options_exist(document):
    text = document.read_text()
    named = set(re.findall(r"`([a-z_]+)\.yml", text)) | set(re.findall(r"ansible-playbook runbook\.minikube\.([a-z_]+)", text))
    assert named - {path.stem for path in ROOT.glob("playbooks/*.yml")} <= {"app"}, "app.yml is the application's description"
    assert {name for name in re.findall(r"module `(\w+)`", text) if not (ROOT / f"plugins/modules/{name}.py").exists()} == set()
    commands = re.findall(r"`(\w+)\.yml((?: -e \S+)+)`", text)
    unknown = [
        (name, option) for name, options in commands for option in re.findall(r"-e (\w+)=", options)
        if not re.search(rf"\b{option}\b", variables_of(ROOT / f"playbooks/{name}.yml"))
    ]  # fmt: skip
    assert not unknown
    assert len(named) > 10
