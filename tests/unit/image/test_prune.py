# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which older images are removed, and which are kept."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.client import EngineError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.node_images import LABEL, NodeImage, NodeImages
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.prebuilt import Prebuilt
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.prune import ImagesInUse, images_in, read_in_use, removable_tags, remove
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.spec import ImageSpec

NOBODY = ImagesInUse(set(), set())


def image(number, *more, built=False):
    """The image of a day: its ID, or the digest of its build, is that digit."""
    mark = str(number) * 64
    image_id = f"sha256:{'f' if built else ''}{mark}"[:71]
    return NodeImage(image_id, frozenset({f"a:{mark[:12]}", *more}), {LABEL: f"{mark} context=1"} if built else {}, created=number)


def old(keep, *images, name="a", in_use=NOBODY, current=9):
    ready = Prebuilt(ImageSpec("images[0]", name, host_reference="a:1"), image(current).id)
    node = NodeImages(images)
    return removable_tags([make_plan(ready, node)], node, in_use, keep)


def ref(number):
    return f"a:{str(number) * 12}"


def test_newest_tags_including_the_requested_one_are_kept():
    assert old(2, image(1), image(2), image(3, built=True), image(9)) == [ref(2), ref(1)]


def test_requested_tag_counts_before_it_exists():
    assert old(2, image(1), image(2), image(3)) == [ref(2), ref(1)]


def test_old_requested_tag_is_kept():
    assert old(1, image(1), image(2), current=1) == [ref(2)]


def test_content_tags_of_builds_are_recognized_by_digest():
    assert old(1, image(3, built=True), image(9)) == [ref(3)]


def test_other_tags_and_names_are_kept():
    others = [NodeImage("sha256:1", frozenset({"a:v1", "a:latest"}), {}), NodeImage(image(2).id, frozenset({"b:" + "2" * 12}), {})]
    assert old(1, *others, image(9)) == []


def test_registry_port_is_not_a_tag():
    registry_image = NodeImage("sha256:" + "5" * 64, frozenset({"localhost:5000/a:" + "5" * 12}), {})
    assert old(1, registry_image, image(9)) == []
    assert old(1, registry_image, name="localhost:5000/a") == ["localhost:5000/a:" + "5" * 12]


@pytest.mark.parametrize("in_use", [ImagesInUse({image(2).id}, set()), ImagesInUse(set(), {ref(2)}), ImagesInUse(set(), {"a:v2"})])
def test_images_in_use_are_kept_and_older_unused_ones_removed(in_use):
    assert old(1, image(1), image(2, "a:v2"), image(9), in_use=in_use) == [ref(1)]


POD = {"containers": [{"name": "c", "image": "a:1"}, {"name": "none"}], "initContainers": [{"image": "b:1"}], "ephemeralContainers": [{"image": "c:1"}]}


@pytest.mark.parametrize(
    "item",
    [
        {"spec": POD},
        {"spec": {"template": {"spec": POD}}},
        {"data": {"spec": {"template": {"spec": POD}}}},
        {"spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}}},
    ],
)
def test_images_are_found_in_objects_of_every_kind(item):
    assert sorted(images_in(item)) == ["a:1", "b:1", "c:1"]


def test_objects_of_every_namespace_are_searched():
    class Cluster:
        def list(self, kind):
            return [{"spec": {"containers": [{"image": f"docker.io/library/{kind.lower()}"}]}}]

    class Node:
        def used_images(self):
            return {"sha256:1"}

    in_use = read_in_use(Node(), Cluster())
    assert in_use.ids == {"sha256:1"} and {"replicaset:latest", "controllerrevision:latest", "pod:latest", "cronjob:latest"} <= in_use.references


class TestRemoving:
    class Node:
        def __init__(self, **refuses):
            self.refuses = refuses

        def untag(self, reference):
            if reference in self.refuses:
                raise self.refuses[reference]

    def test_removed_tags_are_reported(self):
        assert remove(self.Node(), ["a", "b"]) == (["a", "b"], None)

    def test_image_used_meanwhile_is_kept(self):
        assert remove(self.Node(a=EngineError("container 1 is using its referenced image 2", 409)), ["a", "b"]) == (["b"], None)

    def test_failed_removal_reports_what_was_removed(self):
        removed, prune_error = remove(self.Node(b=EngineError("out of order", 500)), ["a", "b", "c"])
        assert removed == ["a"] and "the older image b could not be removed: out of order" in str(prune_error)
