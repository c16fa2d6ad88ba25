# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which older images go, and which never do."""

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


def test_the_newest_stay_and_the_requested_one_is_one_of_them():
    assert old(2, image(1), image(2), image(3, built=True), image(9)) == [ref(2), ref(1)]


def test_the_requested_one_counts_before_it_exists():
    assert old(2, image(1), image(2), image(3)) == [ref(2), ref(1)]


def test_the_requested_one_stays_however_old_it_is():
    assert old(1, image(1), image(2), current=1) == [ref(2)]


def test_builds_are_known_by_their_digest():
    assert old(1, image(3, built=True), image(9)) == [ref(3)]


def test_other_tags_and_other_names_are_left_alone():
    others = [NodeImage("sha256:1", frozenset({"a:v1", "a:latest"}), {}), NodeImage(image(2).id, frozenset({"b:" + "2" * 12}), {})]
    assert old(1, *others, image(9)) == []


def test_a_name_with_a_port_is_no_tag():
    registry_image = NodeImage("sha256:" + "5" * 64, frozenset({"localhost:5000/a:" + "5" * 12}), {})
    assert old(1, registry_image, image(9)) == []
    assert old(1, registry_image, name="localhost:5000/a") == ["localhost:5000/a:" + "5" * 12]


@pytest.mark.parametrize("in_use", [ImagesInUse({image(2).id}, set()), ImagesInUse(set(), {ref(2)}), ImagesInUse(set(), {"a:v2"})])
def test_what_runs_or_is_named_stays_and_what_is_older_goes_all_the_same(in_use):
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
def test_images_are_found_in_every_kind(item):
    assert sorted(images_in(item)) == ["a:1", "b:1", "c:1"]


def test_users_of_an_image_are_searched_in_every_namespace():
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

    def test_what_was_removed_is_reported(self):
        assert remove(self.Node(), ["a", "b"]) == (["a", "b"], None)

    def test_what_came_into_use_meanwhile_stays(self):
        assert remove(self.Node(a=EngineError("container 1 is using its referenced image 2", 409)), ["a", "b"]) == (["b"], None)

    def test_another_refusal_ends_it_with_what_was_done(self):
        removed, prune_error = remove(self.Node(b=EngineError("out of order", 500)), ["a", "b", "c"])
        assert removed == ["a"] and "the older image b could not be removed: out of order" in str(prune_error)
