# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading of saved images in all formats, and writing of partial archives."""

from __future__ import annotations

import gzip
import io
import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.image_archive import ArchiveError, ImageArchive, select_image
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.partial_archive import PartialArchive
from archives import config, digest, docker_save, layer, oci_layout, tar, unpacked

ONE, TWO, THREE = layer("one"), layer("two"), layer("three" * 1000)


def opened(data: bytes) -> ImageArchive:
    return ImageArchive(io.BytesIO(data))


FORMS = {
    "docker": docker_save([ONE, TWO, THREE]),
    "docker, compressed": gzip.compress(docker_save([ONE, TWO, THREE])),
    "oci": oci_layout([([ONE, TWO, THREE], "amd64")]),
    "oci, nested": oci_layout([([ONE, TWO, THREE], "amd64")], nested=True),
}


@pytest.mark.parametrize("form", FORMS)
def test_docker_and_oci_archives_are_read(form):
    archive = opened(FORMS[form])
    (image,) = archive.images
    assert image.id == digest(config([ONE, TWO, THREE])) and image.platform == "linux/amd64"
    assert image.names in (("a:1",), ("docker.io/library/a:1",))
    assert [archive.layer(one).read() for one in image.layers] == [ONE, TWO, THREE]


@pytest.mark.parametrize("form", FORMS)
def test_docker_archive_contains_only_missing_layers(form):
    archive = opened(FORMS[form])
    (image,) = archive.images
    stream = PartialArchive(archive, image, "b:2", "docker", {digest(ONE), digest(TWO)})
    data = b"".join(stream)
    members = unpacked(data)
    (manifest,) = json.loads(members["manifest.json"])
    assert manifest["RepoTags"] == ["b:2"] and len(manifest["Layers"]) == 3
    assert digest(members[manifest["Config"]]) == image.id
    assert [members.get(name) for name in manifest["Layers"]] == [None, None, THREE]
    assert (stream.sent, stream.reused, stream.bytes_sent) == (1, 2, len(data))


@pytest.mark.parametrize("form", FORMS)
def test_oci_layout_contains_only_missing_layers(form):
    archive = opened(FORMS[form])
    (image,) = archive.images
    stream = PartialArchive(archive, image, "b:2", "oci", {digest(ONE)})
    data = b"".join(stream)
    members = unpacked(data)
    (entry,) = json.loads(members["index.json"])["manifests"]
    assert entry["annotations"] == {"io.containerd.image.name": "docker.io/library/b:2"}
    blobs = {f"sha256:{name.rpartition('/')[2]}": content for name, content in members.items() if name.startswith("blobs/")}
    assert all(digest(content) == name for name, content in blobs.items())
    manifest = json.loads(blobs[entry["digest"]])
    assert manifest["config"]["digest"] == image.id and blobs[image.id] == image.config
    assert [(one["digest"], one["size"]) for one in manifest["layers"]] == [(digest(one), len(one)) for one in (ONE, TWO, THREE)]
    assert digest(ONE) not in blobs and blobs[digest(THREE)] == THREE
    assert list(members)[-1] == "index.json", "what names the image comes last"
    assert (stream.sent, stream.reused, stream.bytes_sent) == (2, 1, len(data))


@pytest.mark.parametrize("archive_format", ["docker", "oci"])
def test_repeated_layer_is_sent_once(archive_format):
    archive = opened(docker_save([ONE, TWO, ONE]))
    stream = PartialArchive(archive, archive.images[0], "b:2", archive_format, set())
    data = b"".join(stream)
    assert (stream.sent, stream.reused) == (2, 0) and data.count(ONE[:600]) == 1
    assert [archive.layer(one).read() for one in archive.images[0].layers] == [ONE, TWO, ONE]


@pytest.mark.parametrize(
    "data, words",
    [
        (b"no tar at all", "not a tar"),
        (docker_save([ONE])[:700], "truncated"),
        (gzip.compress(docker_save([ONE, TWO, THREE]))[:200], "truncated"),
        (tar({"other": b""}), "neither manifest.json"),
        (tar({"manifest.json": b'[{"Config": "gone", "Layers": []}]'}), "its member gone is missing"),
        (tar({"manifest.json": b'[{"Config": "c", "Layers": ["x"]}]', "c": config([])}), "lists 0 layers, but it has 1"),
        (tar({"manifest.json": b"{"}), "image metadata"),
        (tar({"manifest.json": b'[{"Layers": []}]'}), "image metadata"),
    ],
    ids=["text", "archive cut off", "compressed archive cut off", "another archive", "no configuration", "layers and history differ", "no JSON", "no image"],
)
def test_invalid_archives_are_refused(data, words):
    with pytest.raises(ArchiveError, match=words):
        opened(data)


def test_truncated_layer_is_refused():
    described = config([ONE])
    archive = opened(tar({"l": gzip.compress(ONE)[:20], "c": described, "manifest.json": b'[{"Config": "c", "Layers": ["l"]}]'}))
    with pytest.raises(ArchiveError, match="cannot be decompressed"):
        archive.layer(archive.images[0].layers[0])


def test_unsupported_compression_is_reported():
    archive = opened(tar({"l": b"\x28\xb5\x2f\xfd1234", "c": config([ONE]), "manifest.json": b'[{"Config": "c", "Layers": ["l"]}]'}))
    with pytest.raises(ArchiveError, match="zstd"):
        archive.layer(archive.images[0].layers[0])


class TestChoosing:
    BOTH = opened(oci_layout([([ONE], "amd64"), ([TWO], "arm64")])).images

    def test_single_image_is_selected_regardless_of_its_name(self):
        (image,) = opened(docker_save([ONE], names=())).images
        assert select_image((image,), lambda _image: False, None) == image

    def test_image_is_selected_by_platform(self):
        assert select_image(self.BOTH, lambda _image: True, "linux/arm64").platform == "linux/arm64"

    def test_image_is_selected_by_name(self):
        other = opened(docker_save([TWO], names=("b:1",))).images[0]
        first = opened(docker_save([ONE])).images[0]
        assert select_image((first, other), lambda image: "b:1" in image.names, None) == other

    @pytest.mark.parametrize("platform", [None, "linux/s390x"])
    def test_ambiguous_selection_lists_the_images(self, platform):
        with pytest.raises(ArchiveError, match=r"a:1 \(linux/amd64\), .*a:1 \(linux/arm64\)"):
            select_image(self.BOTH, lambda _image: True, platform)
