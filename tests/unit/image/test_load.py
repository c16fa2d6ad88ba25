# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads: what is sent and reported, also if the node has fewer layers than expected."""

from __future__ import annotations

import io
import tarfile

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.client import EngineError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.apply import apply, predict
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.image_archive import ImageArchive
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.load import load
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.node_images import short_id
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.plan import plan_all
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.prebuilt import read_prebuilt
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.spec import ImageSpec
from archives import digest, docker_save, layer, unpacked

ONE, TWO = layer("one"), layer("two" * 1000)
SAVED = docker_save([ONE, TWO])
ID = ImageArchive(io.BytesIO(SAVED)).images[0].id


class FakeHost:
    """The host's engine, with one image: a:1."""

    name = "Docker on this machine"

    def __init__(self, image_id=ID):
        self.image_id = image_id
        self.saves = 0

    def image(self, reference):
        return {"Id": self.image_id, "Os": "linux", "Architecture": "amd64"} if reference == "a:1" else None

    def save(self, _image_id):
        self.saves += 1
        return iter([SAVED[:1000], SAVED[1000:]])


class FakeNode:
    """A Docker node: names to IDs, and the layers that it reports. ``refuses`` are the errors of its next loads."""

    archive_format, builds_inside, name = "docker", True, "The node's Docker"

    def __init__(self, host=None, present=(), refuses=(), **names):
        self.host = host or FakeHost()
        self.builder = self
        self.names = {name.replace("_", ":"): image_id for name, image_id in names.items()}
        self.present, self.refuses = set(present), list(refuses)
        self.received = []

    def images(self, _names=()):
        ids = dict.fromkeys(self.names.values())
        return [{"Id": image_id, "RepoTags": [name for name, named in self.names.items() if named == image_id]} for image_id in ids]

    def image_id(self, reference):
        return self.names.get(reference)

    def present_layers(self, layers):
        return self.present & set(layers)

    def load(self, stream):
        data = b"".join(stream)
        if self.refuses:
            raise self.refuses.pop(0)
        self.received.append(unpacked(data))
        self.names[f"a:{short_id(ID)}"] = ID

    def tag(self, image_id, name, tag):
        assert image_id in self.names.values()
        self.names[f"{name}:{tag}"] = image_id


def by_name(**fields):
    return read_prebuilt(ImageSpec("images[0]", "a", host_reference=fields.pop("host_reference", "a:1"), **fields))


def run(node, *sources):
    return report(apply(node, observe(node, sources), 2))


def only(result):
    (image,) = result["images"]
    return image


def test_only_missing_layers_are_sent():
    node = FakeNode(present=[digest(ONE)])
    result = run(node, by_name())
    image = only(result)
    assert (image["action"], image["method"], image["load"], image["layers_sent"], image["layers_reused"]) == ("loaded", "loaded", "missing_layers", 1, 1)
    assert image["id"] == ID and result["references"] == {"a": f"a:{short_id(ID)}"} and result["changed"]
    assert TWO in node.received[0].values() and ONE not in node.received[0].values()


def test_image_in_the_node_is_neither_read_nor_sent():
    node = FakeNode()
    run(node, by_name())
    again = run(node, by_name())
    assert not again["changed"] and only(again)["action"] == "reused" and only(again)["bytes_sent"] == 0
    assert node.host.saves == len(node.received) == 1


def test_image_under_another_name_is_only_tagged():
    node = FakeNode(other_7=ID)
    assert only(run(node, by_name()))["action"] == "tagged"
    assert node.host.saves == 0 and node.names[f"a:{short_id(ID)}"] == ID


def test_fixed_tag_is_moved_and_the_previous_image_keeps_a_tag():
    node = FakeNode(a_v1="sha256:0123456789abcdef")
    image = only(run(node, by_name(tag="v1")))
    assert image["reference"] == "a:v1" and node.names == {"a:v1": ID, f"a:{short_id(ID)}": ID, "a:0123456789ab": "sha256:0123456789abcdef"}
    assert only(run(node, by_name(tag="v1")))["action"] == "reused"


def test_image_with_another_tag_gets_no_new_one():
    node = FakeNode(a_v1="sha256:0123456789abcdef", a_old="sha256:0123456789abcdef")
    run(node, by_name(tag="v1"))
    assert set(node.names) == {"a:v1", "a:old", f"a:{short_id(ID)}"}


def test_archive_is_loaded_without_the_host_engine(tmp_path):
    (tmp_path / "a.tar").write_bytes(SAVED)
    node = FakeNode(host=object())
    image = only(run(node, by_name(archive=str(tmp_path / "a.tar"))))
    assert (image["action"], image["load"], image["layers_sent"]) == ("loaded", "full", 2)


def test_check_mode_predicts_the_load():
    node = FakeNode()
    planned = report(predict(plan_all(observe(node, [by_name()]))))
    done = run(node, by_name())
    keys = ("action", "reference", "reason", "method", "id", "digest")
    assert [only(planned)[key] for key in keys] == [only(done)[key] for key in keys]
    assert (planned["diff"], planned["changed"]) == (done["diff"], done["changed"])


def test_host_with_manifest_ids_sends_nothing_twice():
    host = FakeHost("sha256:feedfeedfeedfeed")
    node = FakeNode(host)
    node.load = lambda stream: (FakeNode.load(node, stream), node.names.update({"a:feedfeedfeed": node.names.pop(f"a:{short_id(ID)}")}))
    first, second = run(node, by_name()), run(node, by_name())
    assert only(first)["action"] == "loaded" and only(first)["id"] == ID
    assert only(second)["action"] == "reused" and not second["changed"] and len(node.received) == 1


@pytest.mark.parametrize("message", ["content digest sha256:12: not found", "open /var/lib/docker/tmp/1/layer.tar: no such file or directory"])
def test_missing_reused_layer_causes_a_full_load(message):
    node = FakeNode(present=[digest(ONE)], refuses=[EngineError(message)])
    image = only(run(node, by_name()))
    assert (image["load"], image["layers_sent"], image["layers_reused"]) == ("full", 2, 0)


@pytest.mark.parametrize(
    "message, words",
    [
        ("write /x: no space left on device", r"has no space left on its disk for a:[0-9a-f]{12}.* Free space .*no space left on device"),
        ("closed the connection while loading: Broken pipe.", r"Loading a:[0-9a-f]{12} failed: closed the connection .* Run again"),
    ],
)
def test_failed_load_is_reported_and_completed_by_the_next_run(message, words):
    node = FakeNode(present=[digest(ONE)], refuses=[EngineError(message)])
    with pytest.raises(RunbookError, match=words) as caught:
        run(node, by_name())
    assert only(caught.value.facts)["action"] == "failed" and not node.names
    assert only(run(node, by_name()))["action"] == "loaded"


def test_accepted_image_missing_in_the_node_is_a_failure():
    node = FakeNode()
    node.load = b"".join
    with pytest.raises(RunbookError, match="was created as sha256:[0-9a-f]+, but is now not in the node"):
        run(node, by_name())


def test_truncated_archive_is_reported():
    class Cut(ImageArchive):
        def layer(self, layer):
            raise tarfile.ReadError("unexpected end of data")

    archive = Cut(io.BytesIO(SAVED))
    with pytest.raises(RunbookError, match="cannot be read completely: unexpected end of data"):
        load(FakeNode(), archive, archive.images[0], "a:2")


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"host_reference": "gone:1"}, r"images\[0\]: Docker on this machine has no image gone:1\. Build or pull it"),
        ({"platform": "linux/arm64"}, r"images\[0\]: a:1 is for linux/amd64, but images\[0\]\.platform is linux/arm64"),
    ],
)
def test_image_missing_on_the_host_is_refused(fields, words):
    with pytest.raises(RunbookError, match=words):
        run(FakeNode(), by_name(**fields))


@pytest.mark.parametrize("content, words", [(None, "cannot be read: No such file"), (b"x", "not a tar archive, or truncated")])
def test_invalid_archive_names_the_option(tmp_path, content, words):
    if content:
        (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(RunbookError, match=rf"images\[0\]\.archive: {tmp_path}/a\.tar.*{words}"):
        by_name(archive=str(tmp_path / "a.tar"))
