# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.spec import image_specs


def image(**fields):
    return {"name": "a", "path": "/ctx", "dockerfile": "Dockerfile", "args": {}, "target": None, "archive": None, "platform": None, "tag": None, **fields}


def ready(**fields):
    return image(path=None, **fields)


@pytest.mark.parametrize(
    "fields, strategy, host_reference, tag",
    [
        ({}, "content", "a:latest", None),
        ({"tag": "2"}, "content", "a:2", None),
        ({"tag": "2"}, "fixed", "a:2", "2"),
        ({"name": "localhost:5000/x/a", "tag": "2"}, "content", "localhost:5000/x/a:2", None),
        ({"name": "docker.io/library/a"}, "content", "a:latest", None),
    ],
)
def test_prebuilt_image_is_looked_up_by_its_tag(fields, strategy, host_reference, tag):
    (spec,) = image_specs([ready(**fields)], strategy)
    assert (spec.context, spec.archive, spec.host_reference, spec.tag) == ("", "", host_reference, tag)


def test_archive_path_is_absolute():
    (spec,) = image_specs([ready(archive="a.tar", platform="linux/arm64")], "content")
    assert spec.archive.endswith("/a.tar") and spec.archive.startswith("/") and spec.platform == "linux/arm64"


def test_build_paths_and_arguments():
    (spec,) = image_specs([image(dockerfile="tools/Dockerfile", args={"PORT": 80, "EMPTY": None})], "content")
    assert spec.dockerfile == "/ctx/tools/Dockerfile"
    assert spec.args == {"PORT": "80", "EMPTY": ""}
    assert spec.option == "images[0]"


def test_dockerfile_outside_of_the_context():
    (spec,) = image_specs([image(dockerfile="/other/Dockerfile")], "content")
    assert spec.dockerfile == "/other/Dockerfile"


@pytest.mark.parametrize(
    "images, strategy, words",
    [
        ([image(), image(name="A:b")], "content", r"images\[1\]\.name is not a valid image name"),
        ([image(tag="v1")], "content", r"images\[0\]\.tag cannot be set for a build"),
        ([image()], "fixed", r"images\[0\]\.tag is required"),
        ([image(tag="a b")], "fixed", r"images\[0\]\.tag is not a valid tag"),
        ([image(), image(name="b"), image()], "content", r"images\[2\]\.name a is a duplicate of images\[0\]\.name"),
        ([image(archive="/a.tar")], "content", r"images\[0\] sets both path and archive"),
        ([ready(args={"A": "1"})], "content", r"images\[0\]\.args requires images\[0\]\.path"),
        ([ready(dockerfile="D")], "content", r"images\[0\]\.dockerfile requires images\[0\]\.path"),
        ([ready(target="t", archive="/a.tar")], "content", r"images\[0\]\.target requires images\[0\]\.path"),
        ([ready()], "fixed", r"images\[0\]\.tag is required"),
    ],
)
def test_invalid_option_is_named(images, strategy, words):
    with pytest.raises(RunbookError, match=words):
        image_specs(images, strategy)
