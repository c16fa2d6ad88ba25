# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Archives to send to a node: without the layers that it has, which both Docker and containerd then take from their own store."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import BinaryIO

from ansible_collections.runbook.minikube.plugins.module_utils.engine.containerd_node import full_name
from ansible_collections.runbook.minikube.plugins.module_utils.image.archive import BLOCK, END, TarStream, header, member, padding
from ansible_collections.runbook.minikube.plugins.module_utils.image.context import Entry
from ansible_collections.runbook.minikube.plugins.module_utils.image.saved import Archive, ArchiveError, SavedImage, digest_of

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"  # uncompressed, so that a layer's digest is its diff ID and is found again


class ReducedArchive(TarStream):
    """Iterates over the bytes of an archive with ``image`` under ``reference``, in the form ``takes`` (docker or oci), without ``present``.

    ``sent`` and ``reused`` count its layers. What names the image comes last, so that an archive that is cut off names nothing.
    """

    def __init__(self, archive: Archive, image: SavedImage, reference: str, takes: str, present: set[str]):
        super().__init__()
        self._archive, self._image, self._reference, self._takes = archive, image, reference, takes
        self._layers = {layer.diff_id: layer for layer in image.layers}  # each content once, however often the image has it
        self._lacking = [layer for diff_id, layer in self._layers.items() if diff_id not in present]
        self.sent = len(self._lacking)
        self.reused = len(self._layers) - self.sent
        self.id = image.id

    def pieces(self) -> Iterator[bytes]:
        yield from {"docker": self._docker, "oci": self._oci}[self._takes]()
        yield END

    def _docker(self) -> Iterator[bytes]:
        for layer in self._lacking:
            with self._archive.layer(layer) as file:
                yield from _file(_docker_member(layer.diff_id), file)
        config = f"{_hex(self._image.id)}.json"
        layers = [_docker_member(layer.diff_id) for layer in self._image.layers]
        yield from member(config, self._image.config)
        yield from member("manifest.json", _json([{"Config": config, "RepoTags": [self._reference], "Layers": layers}]))

    def _oci(self) -> Iterator[bytes]:
        yield from member("oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        sizes = {}
        for layer in self._layers.values():  # opened once, as it may have to be unpacked
            with self._archive.layer(layer) as file:
                sizes[layer.diff_id] = _size(file)
                if layer in self._lacking:
                    yield from _file(_blob(layer.diff_id), file)
        layers = [{"mediaType": LAYER, "digest": layer.diff_id, "size": sizes[layer.diff_id]} for layer in self._image.layers]
        config = {"mediaType": CONFIG, "digest": self._image.id, "size": len(self._image.config)}
        manifest = _json({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
        annotations = {"io.containerd.image.name": full_name(self._reference)}
        entry = {"mediaType": MANIFEST, "digest": digest_of(manifest), "size": len(manifest), "annotations": annotations}
        yield from member(_blob(self._image.id), self._image.config)
        yield from member(_blob(digest_of(manifest)), manifest)
        yield from member("index.json", _json({"schemaVersion": 2, "manifests": [entry]}))


def _file(name: str, file: BinaryIO) -> Iterator[bytes]:
    size = _size(file)
    left = size
    yield header(Entry(name, "file", 0o644, size=size))
    while left:
        block = file.read(min(BLOCK, left))
        if not block:
            raise ArchiveError("it is cut off in the middle of a layer")
        left -= len(block)
        yield block
    yield padding(size)


def _size(file: BinaryIO) -> int:
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    return end


def _docker_member(diff_id: str) -> str:
    return f"{_hex(diff_id)}/layer.tar"


def _blob(digest: str) -> str:
    return f"blobs/sha256/{_hex(digest)}"


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _json(value) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
