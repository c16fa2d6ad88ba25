# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.request import requests_of


def image(**given):
    return {"name": "a", "context": "/ctx", "dockerfile": "Dockerfile", "args": {}, "target": None, "archive": None, "platform": None, "tag": None, **given}


def ready(**given):
    return image(context=None, **given)


@pytest.mark.parametrize(
    "given, strategy, origin, tag",
    [
        ({}, "content", "a:latest", None),
        ({"tag": "2"}, "content", "a:2", None),
        ({"tag": "2"}, "fixed", "a:2", "2"),
        ({"name": "localhost:5000/x/a", "tag": "2"}, "content", "localhost:5000/x/a:2", None),
        ({"name": "docker.io/library/a"}, "content", "a:latest", None),
    ],
)
def test_what_is_not_built_is_looked_for_by_its_tag(given, strategy, origin, tag):
    (request,) = requests_of([ready(**given)], strategy)
    assert (request.context, request.archive, request.origin, request.tag) == ("", "", origin, tag)


def test_an_archive_is_named_by_its_absolute_path():
    (request,) = requests_of([ready(archive="a.tar", platform="linux/arm64")], "content")
    assert request.archive.endswith("/a.tar") and request.archive.startswith("/") and request.platform == "linux/arm64"


def test_paths_and_arguments():
    (request,) = requests_of([image(dockerfile="tools/Dockerfile", args={"PORT": 80, "EMPTY": None})], "content")
    assert request.dockerfile == "/ctx/tools/Dockerfile"
    assert request.args == {"PORT": "80", "EMPTY": ""}
    assert request.option == "images[0]"


def test_a_dockerfile_may_lie_elsewhere():
    (request,) = requests_of([image(dockerfile="/other/Dockerfile")], "content")
    assert request.dockerfile == "/other/Dockerfile"


@pytest.mark.parametrize(
    "images, strategy, words",
    [
        ([image(), image(name="A:b")], "content", r"images\[1\]\.name is no name"),
        ([image(tag="v1")], "content", r"images\[0\]\.tag is given"),
        ([image()], "fixed", r"images\[0\]\.tag is missing"),
        ([image(tag="a b")], "fixed", r"images\[0\]\.tag is no tag"),
        ([image(), image(name="b"), image()], "content", r"images\[2\]\.name is a like images\[0\]\.name"),
        ([image(archive="/a.tar")], "content", r"images\[0\] has a context and an archive"),
        ([ready(args={"A": "1"})], "content", r"images\[0\]\.args is for a build"),
        ([ready(dockerfile="D")], "content", r"images\[0\]\.dockerfile is for a build"),
        ([ready(target="t", archive="/a.tar")], "content", r"images\[0\]\.target is for a build"),
        ([ready()], "fixed", r"images\[0\]\.tag is missing"),
    ],
)
def test_the_wrong_option_is_named(images, strategy, words):
    with pytest.raises(RunbookError, match=words):
        requests_of(images, strategy)
