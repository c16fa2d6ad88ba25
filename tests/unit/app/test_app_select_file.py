# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The selection of the file that describes the application, and the reasons why a file cannot be used, without its content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.select_file import (
    FileOptions,
    content_problem,
    path_problem,
    select_file,
    yaml_problem,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

EXAMPLE = "/collection/examples/todo/app.yml"
LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]


def selected(folder, default_exists=False, **options):
    return select_file(FileOptions(**options), folder, EXAMPLE, default_exists)


def test_relative_path_starts_in_the_working_directory(tmp_path):
    file = selected(tmp_path, file="shop/app.yml", context="production")
    assert (file.path, file.directory) == (str(tmp_path / "shop/app.yml"), str(tmp_path / "shop"))


def test_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert selected(tmp_path, file="~/app.yml").path == str(tmp_path / "me/app.yml")
    assert selected(tmp_path, file="~nobody-of-that-name/app.yml").path == str(tmp_path / "~nobody-of-that-name/app.yml")


def test_paths_start_in_the_resolved_folder_of_the_given_file(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/app.yml").symlink_to("/elsewhere/app.yml")
    file = selected(tmp_path, file="link/app.yml")
    assert (file.path, file.directory) == (str(tmp_path / "link/app.yml"), str(tmp_path / "real"))


def test_given_directory_takes_precedence(tmp_path):
    assert selected(tmp_path, file="app.yml", directory="other").directory == str(tmp_path / "other")
    assert selected(tmp_path, as_variable=True, directory="other").directory == str(tmp_path / "other")


def test_variable_needs_no_file(tmp_path):
    file = selected(tmp_path, True, as_variable=True, context="production")
    assert (file.path, file.directory) == ("", str(tmp_path)) and "the variable runbook_app" in file.message


def test_working_directory_takes_precedence_over_the_example(tmp_path):
    assert selected(tmp_path, True).path == str(tmp_path / "app.yml")
    example = selected(tmp_path)
    assert (example.path, example.directory) == (EXAMPLE, str(Path(EXAMPLE).parent))
    assert "the example application of this collection" in example.message and f"{tmp_path} has no app.yml" in example.message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"context": "production"}, "runbook_context: production.*-e runbook_app_file=app.yml"),
        ({"context": ""}, "-e runbook_app_file=app.yml"),
        ({"file": ""}, "runbook_app_file is empty"),
        ({"file": " ", "context": "production"}, "runbook_app_file is empty"),
        ({"file": "app.yml", "as_variable": True}, "both set"),
    ],
)
def test_ambiguous_selection_is_refused(tmp_path, options, words):
    with pytest.raises(RunbookError, match=words):
        selected(tmp_path, True, **options)


def test_unreadable_files(tmp_path):
    (tmp_path / "app.yml").write_text("é")
    assert path_problem(str(tmp_path / "app.yml")) == ""
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    message = {name: path_problem(str(tmp_path / name)) for name in ("nothing", "dangling", "latin", "pipe", ".")}
    assert message == {
        "nothing": "does not exist",
        "dangling": "does not exist",
        "latin": "is not valid UTF-8",
        "pipe": "is not a regular file",
        ".": "is a directory; set the file in it",
    }


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\n\tb: SECRET\n", 2, "indent with spaces"),
        ("a:\n  b: 1\n\tc: SECRET\n", 3, "indent with spaces"),
        ("a: @SECRET\n", 1, "quote such a value"),
        ("a: b: SECRET\n", 1, "unexpected colon"),
        ('a: "SECRET\nb: 1\n', 3, "a quote is not closed"),
        ("a: *SECRET\n", 1, "starts with * is an alias"),
        ("a: 1\n---\nb: SECRET\n", 2, "a second document"),
        ("a: !SECRET x\n", 1, "starts with ! is a tag"),
        ("a: {b: SECRET\nc: 1\n", None, "a { is not closed"),
        ("a: [SECRET\nb: 1\n", None, "a [ is not closed"),
        ("a: 1\n  b: SECRET\n", 2, "unexpected colon"),
        ("a:\n  b: 1\n c: SECRET\n", 3, "the indentation does not match"),
    ],
)
def test_yaml_error_has_its_line_but_no_content(loader, text, line, words):
    with pytest.raises(yaml.YAMLError) as failed:
        yaml.load(text, Loader=loader)
    message = yaml_problem(failed.value)
    assert "SECRET" not in message
    assert line is None or f"line {line}, column" in message
    assert words in message, message


@pytest.mark.parametrize("loader", LOADERS)
def test_invalid_yaml_character(loader):
    with pytest.raises(yaml.YAMLError) as failed:
        yaml.load("a: SECRET\x01\n", Loader=loader)
    assert yaml_problem(failed.value).endswith("a character that YAML does not allow")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"runbook_app": {}}, ""),
        (None, "is empty; it must define runbook_app"),
        (["SECRET"], "must be a mapping that defines runbook_app, got a list"),
        ("SECRET", "must be a mapping that defines runbook_app, got a string"),
        ({"runbook_app": None}, "defines runbook_app without a value"),
        ({"SECRET": 1, 2: 3}, "does not define runbook_app"),
        ({"runbok_app": {}}, "does not define runbook_app; it defines runbok_app"),
        ({"name": "SECRET", "workloads": []}, "does not define runbook_app; put name, workloads below runbook_app:"),
        ({"apiVersion": "v1", "kind": "Secret"}, "does not define runbook_app; it is a Kubernetes manifest"),
    ],
)
def test_file_must_define_runbook_app(content, message):
    assert content_problem(content) == message
