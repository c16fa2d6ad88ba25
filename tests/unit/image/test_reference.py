# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.reference import NAME, TAG, normalize_reference


@pytest.mark.parametrize(
    "reference, expected",
    [
        ("python", "python:latest"),
        ("docker.io/library/python:3", "python:3"),
        ("index.docker.io/library/python:3", "python:3"),
        ("docker.io/dapr/daprd:1", "dapr/daprd:1"),
        ("library/python:3", "python:3"),
        ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
        ("localhost:5000/a/b:c", "localhost:5000/a/b:c"),
        ("python@sha256:ab", "python@sha256:ab"),
        ("docker.io/library/python:3@sha256:ab", "python@sha256:ab"),
        ("localhost:5000/a@sha256:ab", "localhost:5000/a@sha256:ab"),
    ],
)
def test_normalized_reference(reference, expected):
    assert normalize_reference(reference) == expected


@pytest.mark.parametrize("name", ["backend-api", "todo/backend_api", "localhost:5000/a/b", "ghcr.io/Dapr".lower(), "a--b", "a__b"])
def test_valid_names(name):
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "Backend", "a:b", "a/", "a//b", "-a", "a b", "a@sha256:00", "localhost:x/a"])
def test_invalid_names(name):
    assert not NAME.fullmatch(name)


@pytest.mark.parametrize("tag, good", [("v1", True), ("_x.y-Z", True), ("", False), (".x", False), ("a:b", False), ("a" * 129, False)])
def test_valid_and_invalid_tags(tag, good):
    assert bool(TAG.fullmatch(tag)) is good
