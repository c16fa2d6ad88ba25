# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which file describes the application, and what keeps a file from doing so, in sentences that show nothing of its content."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.app.schema import APP, kind_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

ROOT = "runbook_app"
DEFAULT_NAME = "app.yml"

# What the parser says of a mistake, and what that means to a person. The parser's own sentence may quote the file, so it is never shown.
YAML_MISTAKES = (
    ("tab character", "a tab indents this line: indent with spaces"),
    ("cannot start any token", "a tab, @, ` or % begins a value here: indent with spaces, and put quotes around such a value"),
    ("no vault password", "a value is encrypted by ansible-vault: add --ask-vault-pass or --vault-password-file"),
    ("mapping values are not allowed", "a colon stands where no key can be: check the indentation, and put quotes around text that holds a colon"),
    ("quoted scalar", "a quote is not closed, or the text goes on after it"),
    ("undefined alias", "text that begins with * is an alias in YAML: put quotes around it"),
    ("single document", "a second document begins here (---), and only one is expected"),
    ("determine a constructor", "text that begins with ! is a tag in YAML, and this one is not known: put quotes around it"),
    ("unhashable key", "a value that begins with {{ needs quotes around it"),
    ("flow mapping", "a { is not closed, or a comma is missing: put quotes around text that begins with {"),
    ("flow sequence", "a [ is not closed, or a comma is missing: put quotes around text that begins with ["),
    ("block mapping", "the indentation does not fit the lines above, or a quote is missing"),
    ("block collection", "the indentation does not fit the lines above, or a quote is missing"),
)


@dataclass(frozen=True)
class Choice:
    """Where the description stands: the absolute path of its file, empty where it is the variable runbook_app."""

    path: str
    directory: str  # its relative paths start there
    says: str
    way_out: str = ""  # where the file is no description


@dataclass(frozen=True)
class Given:
    """What a person has given. None is what was not given."""

    file: str | None = None
    directory: str | None = None
    context: str | None = None
    as_variable: bool = False


def choose(given: Given, folder: Path, example: str, stands_in_folder: bool) -> Choice:
    """Decides which file describes the application. ``folder`` is where the user stands; ``stands_in_folder`` is whether an app.yml is in it.

    Raises RunbookError where that is left open and must not be guessed.
    """
    if given.as_variable and given.file is not None:
        raise RunbookError(f"{ROOT} and {ROOT}_file are both set, and only one can describe the application. Leave one out.")
    if given.file is not None:
        return _named(given, folder)
    if given.as_variable:
        directory = _folder(given.directory or ".", folder)
        return Choice("", directory, f"The application is described by the variable {ROOT}. Its relative paths start in {directory}.")
    if given.context is not None:
        raise RunbookError(
            f"The cluster is named (runbook_context: {given.context}), and the application is not, so nothing was touched. "
            f"Name the file that describes it: -e {ROOT}_file={DEFAULT_NAME} (a relative path starts in {folder})."
        )
    return _unnamed(given, folder, example, stands_in_folder)


def _named(given: Given, folder: Path) -> Choice:
    if not given.file.strip():
        raise RunbookError(f"{ROOT}_file is empty. Name the file that describes the application, or leave {ROOT}_file out.")
    path = Path(folder, os.path.expanduser(given.file))
    directory = _folder(given.directory or path.parent, folder)
    return Choice(str(path), directory, f"The application is described in {path}.", f"Correct it, or {ROOT}_file, which names it.")


def _unnamed(given: Given, folder: Path, example: str, stands_in_folder: bool) -> Choice:
    path = Path(folder, DEFAULT_NAME if stands_in_folder else example)
    directory = _folder(given.directory or path.parent, folder)
    if stands_in_folder:
        says = f"The application is described in {path}, as that stands in the folder where this was started."
        return Choice(str(path), directory, says, f"It was taken as it stands in the folder where this was started. Name another one with {ROOT}_file.")
    says = f"This is about the example of this collection, {path}, as {ROOT}_file is not set and {folder} has no {DEFAULT_NAME}."
    return Choice(str(path), directory, says, f"It is the example of this collection. Install the collection again, or set {ROOT}_file.")


def _folder(path: str | Path, folder: Path) -> str:
    """Absolute, without symbolic links. A file's own links stay, as the paths in a description start beside the file that was named."""
    return str(Path(folder, os.path.expanduser(path)).resolve())


def path_problem(path: str) -> str:
    """What keeps the file from being read as text, empty where nothing does."""
    file = Path(path)
    try:
        if not file.exists():
            return "is not there"
        if file.is_dir():
            return "is a folder; name the file in it"
        if not file.is_file():
            return "is no regular file"
        file.read_bytes().decode()
    except OSError as error:
        return f"can't be read: {error.strerror}"
    except UnicodeDecodeError:
        return "is not text in UTF-8"
    return ""


def yaml_problem(error: Exception) -> str:
    """What the YAML parser found, with line and column, without a word of the file."""
    said = f"{getattr(error, 'context', '')} {getattr(error, 'problem', '')}"
    mistake = next((sentence for words, sentence in YAML_MISTAKES if words in said), "")
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "is not valid YAML: it holds a character that YAML does not allow"
    return f"is not valid YAML at line {mark.line + 1}, column {mark.column + 1}" + (f": {mistake}" if mistake else "")


def content_problem(content) -> str:
    """What keeps the content of a file from being a description, empty where nothing does."""
    if content is None:
        return f"is empty; it must define {ROOT}"
    if not isinstance(content, dict):
        return f"must be a mapping that defines {ROOT}, and is {kind_of(content)}"
    if ROOT not in content:
        return f"defines no {ROOT}{_instead(content)}"
    if content[ROOT] is None:
        return f"defines {ROOT} without a value"
    return ""


def _instead(content: dict) -> str:
    """What the file holds in place of a description, as the end of a sentence. Only names that this collection knows are shown."""
    if {"apiVersion", "kind"} <= content.keys():
        return "; it is a Kubernetes manifest"
    if {"name", "workloads"} <= content.keys():
        return f"; put {', '.join(key for key in APP.fields if key in content)} below {ROOT}:"
    near = difflib.get_close_matches(ROOT, [str(key) for key in content], n=1, cutoff=0.8)
    return f"; it defines {near[0]}" if near else ""
