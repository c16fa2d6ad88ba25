# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Archives for a node, without the layers that it has: Docker and containerd then use those in their own store."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import IO

from ..clients.engine.containerd_node import full_name
from .digest import ContextEntry
from .image_archive import ArchivedImage, ArchiveError, ImageArchive, digest_of
from .tar_stream import BLOCK, END, TarStream, header, member, padding

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"  # uncompressed, so that a layer's digest equals its diff ID


class PartialArchive(TarStream):
    """Iterates over the bytes of an archive with ``image`` as ``reference``, in ``archive_format`` (docker or oci), without the layers ``present``.

    ``sent`` and ``reused`` count its layers. The metadata comes last, so that a truncated archive tags nothing.
    """

    def __init__(self, archive: ImageArchive, image: ArchivedImage, reference: str, archive_format: str, present: set[str]):
        super().__init__()
        self._archive, self._image, self._reference, self._takes = archive, image, reference, archive_format
        self._layers = {layer.diff_id: layer for layer in image.layers}  # each layer once, even if the image repeats it
        self._missing = [layer for diff_id, layer in self._layers.items() if diff_id not in present]
        self.sent = len(self._missing)
        self.reused = len(self._layers) - self.sent
        self.id = image.id

    def pieces(self) -> Iterator[bytes]:
        yield from {"docker": self._docker, "oci": self._oci}[self._takes]()
        yield END

    def _docker(self) -> Iterator[bytes]:
        for layer in self._missing:
            with self._archive.layer(layer) as file:
                yield from _file(_docker_member(layer.diff_id), file)
        config = f"{_hex(self._image.id)}.json"
        layers = [_docker_member(layer.diff_id) for layer in self._image.layers]
        yield from member(config, self._image.config)
        yield from member("manifest.json", _json([{"Config": config, "RepoTags": [self._reference], "Layers": layers}]))

    def _oci(self) -> Iterator[bytes]:
        yield from member("oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        sizes = {}
        for layer in self._layers.values():  # opened once, as it may need decompression
            with self._archive.layer(layer) as file:
                sizes[layer.diff_id] = _size(file)
                if layer in self._missing:
                    yield from _file(_blob(layer.diff_id), file)
        layers = [{"mediaType": LAYER, "digest": layer.diff_id, "size": sizes[layer.diff_id]} for layer in self._image.layers]
        config = {"mediaType": CONFIG, "digest": self._image.id, "size": len(self._image.config)}
        manifest = _json({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
        annotations = {"io.containerd.image.name": full_name(self._reference)}
        entry = {"mediaType": MANIFEST, "digest": digest_of(manifest), "size": len(manifest), "annotations": annotations}
        yield from member(_blob(self._image.id), self._image.config)
        yield from member(_blob(digest_of(manifest)), manifest)
        yield from member("index.json", _json({"schemaVersion": 2, "manifests": [entry]}))


def _file(name: str, file: IO) -> Iterator[bytes]:
    size = _size(file)
    left = size
    yield header(ContextEntry(name, "file", 0o644, size=size))
    while left:
        block = file.read(min(BLOCK, left))
        if not block:
            raise ArchiveError("truncated within a layer")
        left -= len(block)
        yield block
    yield padding(size)


def _size(file: IO) -> int:
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
