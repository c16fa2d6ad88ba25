# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is requested of a containerd node, and how its answers are read."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.containerd_node import ContainerdNode, full_name, short_name

IMAGES = {
    "images": [
        {"id": "sha256:aa", "repoTags": ["docker.io/library/api:1", "localhost:5000/api:1"], "repoDigests": ["docker.io/library/api@sha256:ff"]},
        {"id": "bb", "repoTags": ["docker.io/todo/web:2"], "repoDigests": []},
    ]
}
ONE = {"status": {"id": "sha256:aa"}, "info": {"imageSpec": {"created": "2026-01-02T03:04:05.123456789Z", "config": {"Labels": {"k": "v"}}}}}
TWO = {"status": {"id": "bb"}, "info": {"imageSpec": {"config": {}}}}


class FakeShell:
    name = "The node"

    def __init__(self, *answers):
        self._answers = list(answers)
        self.commands = []

    def run(self, *command, stdin=()):
        self.commands.append(" ".join(command))
        answer = self._answers.pop(0) if self._answers else ""
        return answer if isinstance(answer, str) else json.dumps(answer)


def test_images_are_listed_in_dockers_form_and_only_those_of_interest_inspected():
    shell = FakeShell(IMAGES, ONE)
    one, two = ContainerdNode(shell).images(["api", "other"])
    assert one == {
        "Id": "sha256:aa", "RepoTags": ["api:1", "localhost:5000/api:1"], "RepoDigests": ["api@sha256:ff"],
        "Labels": {"k": "v"}, "Created": 1767323045,
    }
    assert two == {"Id": "sha256:bb", "RepoTags": ["todo/web:2"], "RepoDigests": []}
    assert shell.commands[1:] == ["crictl inspecti --output json sha256:aa"]


@pytest.mark.parametrize("printed", [json.dumps(ONE) + "\n" + json.dumps(TWO), json.dumps([ONE, TWO])])
def test_several_images_are_inspected_at_once(printed):
    images = ContainerdNode(FakeShell(IMAGES, printed)).images(["api", "docker.io/todo/web"])
    assert [image["Created"] for image in images] == [1767323045, 0]


def test_nothing_is_inspected_where_nothing_is_of_interest():
    shell = FakeShell(IMAGES)
    ContainerdNode(shell).images(["other"])
    assert shell.commands == ["crictl images --output json"]


def test_an_image_is_found_by_its_full_name_among_all():
    node = ContainerdNode(FakeShell(IMAGES, IMAGES, IMAGES))
    assert (node.image_id("todo/web:2"), node.image_id("localhost:5000/api:1"), node.image_id("web:2")) == ("sha256:bb", "sha256:aa", None)


def test_a_tag_is_set_from_an_existing_name():
    shell = FakeShell(IMAGES)
    ContainerdNode(shell).tag("sha256:aa", "api", "v1")
    assert shell.commands[-1] == "ctr --namespace k8s.io images tag --force docker.io/library/api:1 docker.io/library/api:v1"


@pytest.mark.parametrize(
    "reference, command",
    [
        ("api:1", "ctr --namespace k8s.io images rm docker.io/library/api:1"),
        ("todo/web:2", "crictl rmi docker.io/todo/web:2"),
        ("gone:1", "crictl images --output json"),
    ],
)
def test_the_last_name_goes_with_its_image(reference, command):
    shell = FakeShell(IMAGES)
    ContainerdNode(shell).untag(reference)
    assert shell.commands[-1] == command


def test_layers_are_known_by_their_digest():
    assert ContainerdNode(FakeShell("sha256:1\nsha256:2\nsha256:9\n")).present_layers(["sha256:2", "sha256:3"]) == {"sha256:2"}


def test_containers_name_their_images():
    assert ContainerdNode(FakeShell({"containers": [{"imageRef": "sha256:aa"}, {"imageRef": "bb"}]})).used_images() == {"sha256:aa", "sha256:bb"}


@pytest.mark.parametrize("short, full", [("a:1", "docker.io/library/a:1"), ("a/b:1", "docker.io/a/b:1")])
def test_names_of_the_hub_have_two_forms(short, full):
    assert (full_name(short), short_name(full)) == (full, short)


@pytest.mark.parametrize("name", ["localhost:5000/a/b:1", "localhost/a:1", "ghcr.io/a/b:1"])
def test_other_names_have_one(name):
    assert full_name(name) == name == short_name(name)
