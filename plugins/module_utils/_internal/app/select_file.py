# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selects the file that describes the application, and explains why a file cannot be used, in messages without its content."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import NOTHING_CHANGED, RunbookError
from .checks import kind_of
from .schema import APP

ROOT = "runbook_app"
DEFAULT_NAME = "app.yml"

# Hints by the parser's message, which may quote the file and is never shown.
YAML_HINTS = (
    ("tab character", "a tab indents this line: indent with spaces"),
    ("cannot start any token", "a value starts with a tab, @, ` or % here: indent with spaces, and quote such a value"),
    ("no vault password", "a value is encrypted by ansible-vault: add --ask-vault-pass or --vault-password-file"),
    ("mapping values are not allowed", "unexpected colon: check the indentation, and quote text that contains a colon"),
    ("quoted scalar", "a quote is not closed, or text follows it"),
    ("undefined alias", "text that starts with * is an alias in YAML: quote it"),
    ("single document", "a second document starts here (---), but only one is allowed"),
    ("determine a constructor", "text that starts with ! is a tag in YAML, and this one is unknown: quote it"),
    ("unhashable key", "a value that starts with {{ must be quoted"),
    ("flow mapping", "a { is not closed, or a comma is missing: quote text that starts with {"),
    ("flow sequence", "a [ is not closed, or a comma is missing: quote text that starts with ["),
    ("block mapping", "the indentation does not match the lines above, or a quote is missing"),
    ("block collection", "the indentation does not match the lines above, or a quote is missing"),
)


@dataclass(frozen=True)
class SelectedFile:
    """The absolute path of the file with the description, "" for the variable runbook_app."""

    path: str
    directory: str  # its relative paths start there
    message: str
    fix: str = ""  # if the file is not a valid description


@dataclass(frozen=True)
class FileOptions:
    """The options that select the file. None: not set."""

    file: str | None = None
    directory: str | None = None
    context: str | None = None
    as_variable: bool = False


def select_file(options: FileOptions, folder: Path, example: str, default_exists: bool) -> SelectedFile:
    """Selects the file. ``folder``: the working directory of ansible-playbook; ``default_exists``: whether it contains an app.yml.

    Raises RunbookError if the selection is ambiguous.
    """
    if options.as_variable and options.file is not None:
        raise RunbookError(f"{ROOT} and {ROOT}_file are both set, but only one can describe the application. Remove one of them.")
    if options.file is not None:
        return _selected(options, options.file, folder)
    if options.as_variable:
        directory = _folder(options.directory or ".", folder)
        return SelectedFile("", directory, f"The application is described by the variable {ROOT}. Its relative paths start in {directory}.")
    if options.context is not None:
        raise RunbookError(
            f"A cluster is given (runbook_context: {options.context}), but no application. {NOTHING_CHANGED} "
            f"Set the file that describes it: -e {ROOT}_file={DEFAULT_NAME} (relative paths start in {folder})."
        )
    return _default(options, folder, example, default_exists)


def _selected(options: FileOptions, file: str, folder: Path) -> SelectedFile:
    if not file.strip():
        raise RunbookError(f"{ROOT}_file is empty. Set it to the file that describes the application, or remove it.")
    path = Path(folder, os.path.expanduser(file))
    directory = _folder(options.directory or path.parent, folder)
    return SelectedFile(str(path), directory, f"The application is described in {path}.", f"Correct the file, or {ROOT}_file.")


def _default(options: FileOptions, folder: Path, example: str, default_exists: bool) -> SelectedFile:
    path = Path(folder, DEFAULT_NAME if default_exists else example)
    directory = _folder(options.directory or path.parent, folder)
    if default_exists:
        message = f"The application is described in {path}, in the working directory."
        return SelectedFile(str(path), directory, message, f"It was selected because it is in the working directory. Correct it, or set {ROOT}_file.")
    message = f"Using the example application of this collection, {path}, as {ROOT}_file is not set and {folder} has no {DEFAULT_NAME}."
    return SelectedFile(str(path), directory, message, f"It belongs to this collection. Reinstall the collection, or set {ROOT}_file.")


def _folder(path: str | Path, folder: Path) -> str:
    """Absolute, without symbolic links. Links of the file itself are kept, as relative paths start beside the given file."""
    return str(Path(folder, os.path.expanduser(path)).resolve())


def path_problem(path: str) -> str:
    """Why the file cannot be read as text, "" if it can."""
    file = Path(path)
    try:
        if not file.exists():
            return "does not exist"
        if file.is_dir():
            return "is a directory; set the file in it"
        if not file.is_file():
            return "is not a regular file"
        file.read_bytes().decode()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "is not valid UTF-8"
    return ""


def yaml_problem(error: Exception) -> str:
    """The parser's error with line and column, without the file's content."""
    message = f"{getattr(error, 'context', '')} {getattr(error, 'problem', '')}"
    hint = next((hint for words, hint in YAML_HINTS if words in message), "")
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "is not valid YAML: it contains a character that YAML does not allow"
    return f"is not valid YAML at line {mark.line + 1}, column {mark.column + 1}" + (f": {hint}" if hint else "")


def content_problem(content) -> str:
    """Why the content of a file is not a description, "" if it is."""
    if content is None:
        return f"is empty; it must define {ROOT}"
    if not isinstance(content, dict):
        return f"must be a mapping that defines {ROOT}, got {kind_of(content)}"
    if ROOT not in content:
        return f"does not define {ROOT}{_instead(content)}"
    if content[ROOT] is None:
        return f"defines {ROOT} without a value"
    return ""


def _instead(content: dict) -> str:
    """What the file contains instead, as the end of a sentence. Only names that this collection knows are shown."""
    if {"apiVersion", "kind"} <= content.keys():
        return "; it is a Kubernetes manifest"
    if {"name", "workloads"} <= content.keys():
        return f"; put {', '.join(key for key in APP.fields if key in content)} below {ROOT}:"
    near = difflib.get_close_matches(ROOT, [str(key) for key in content], n=1, cutoff=0.8)
    return f"; it defines {near[0]}" if near else ""
