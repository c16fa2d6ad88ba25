# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a saved image: a tar of `docker save`, or one with an OCI layout. Only the requested members are read."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
ATTESTATION = "vnd.docker.reference.type"
NAME_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


class ArchiveError(ValueError):
    """The archive contains no readable image."""


@dataclass(frozen=True)
class Layer:
    """One layer. ``diff_id`` is the digest of its uncompressed tar, ``member`` its name in the archive."""

    diff_id: str
    member: str


@dataclass(frozen=True)
class ArchivedImage:
    """An image in an archive. ``config`` is its configuration as stored, whose digest is ``id``; ``names`` are references with a tag."""

    config: bytes
    layers: tuple[Layer, ...]
    names: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return digest_of(self.config)

    @property
    def platform(self) -> str:
        """For example linux/amd64 or linux/arm64/v8."""
        config = json.loads(self.config)
        return "/".join(filter(None, (config.get("os"), config.get("architecture"), config.get("variant"))))


def digest_of(data: bytes) -> str:
    """The digest that identifies images and blobs."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class ImageArchive:
    """An open archive. ``images`` are all that it contains. Raises ArchiveError if it is not an archive, or is truncated."""

    def __init__(self, file: IO[bytes]):
        try:
            self._tar = tarfile.open(fileobj=file, mode="r:*")
            self._members = {os.path.normpath(member.name): member for member in self._tar.getmembers()}
            self.images = self._read_images()
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error):
            raise ArchiveError("not a tar archive, or truncated") from None
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise error if isinstance(error, ArchiveError) else ArchiveError(f"its image metadata cannot be read ({error})") from None

    def layer(self, layer: Layer) -> IO[bytes]:
        """The layer's tar at its beginning, decompressed if gzip was used. Raises ArchiveError if it is truncated."""
        stored = self._open(layer.member)
        magic = stored.read(4)
        stored.seek(0)
        if magic.startswith(ZSTD):
            raise ArchiveError("its layers are compressed with zstd; save it again with gzip or uncompressed")
        if not magic.startswith(GZIP):
            return stored
        unpacked = tempfile.TemporaryFile()
        try:
            with gzip.GzipFile(fileobj=stored) as packed:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
        except (EOFError, OSError, zlib.error) as error:  # a BadGzipFile is an OSError, and so is a full disk here
            unpacked.close()
            raise ArchiveError(f"the layer {layer.diff_id} cannot be decompressed to {tempfile.gettempdir()} ({error})") from None
        unpacked.seek(0)
        return unpacked

    def _read_images(self) -> tuple[ArchivedImage, ...]:
        if "manifest.json" in self._members:
            return tuple(self._from_docker_save(one) for one in self._json("manifest.json"))
        if "index.json" in self._members:
            return tuple(self._from_oci_layout(self._json("index.json"), ()))
        raise ArchiveError("it contains neither manifest.json (docker save) nor index.json (an OCI layout)")

    def _from_docker_save(self, manifest: dict) -> ArchivedImage:
        return self._image(self._read(manifest["Config"]), manifest["Layers"], tuple(manifest.get("RepoTags") or ()))

    def _from_oci_layout(self, index: dict, names: tuple[str, ...]):
        for entry in index["manifests"]:
            annotations = entry.get("annotations") or {}
            if ATTESTATION in annotations:
                continue
            own = names or tuple(annotations[key] for key in NAME_ANNOTATIONS if key in annotations)
            content = self._json(_blob(entry["digest"]))
            if "manifests" in content:
                yield from self._from_oci_layout(content, own)
            else:
                members = [_blob(layer["digest"]) for layer in content["layers"]]
                yield self._image(self._read(_blob(content["config"]["digest"])), members, own)

    def _image(self, config: bytes, members: list[str], names: tuple[str, ...]) -> ArchivedImage:
        diff_ids = json.loads(config)["rootfs"]["diff_ids"]
        if len(diff_ids) != len(members):
            raise ArchiveError(f"its configuration lists {len(diff_ids)} layers, but it has {len(members)}")
        return ArchivedImage(config, tuple(Layer(diff_id, member) for diff_id, member in zip(diff_ids, members)), names)

    def _json(self, member: str):
        return json.loads(self._read(member))

    def _read(self, member: str) -> bytes:
        with self._open(member) as file:
            return file.read()

    def _open(self, member: str) -> IO[bytes]:
        info = self._members.get(os.path.normpath(member))
        file = info and self._tar.extractfile(info)  # follows links: docker save stores a repeated layer once
        if not file:
            raise ArchiveError(f"its member {member} is missing")
        return file


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/", 1)


def select_image(images: tuple[ArchivedImage, ...], matches: Callable[[ArchivedImage], bool], platform: str | None) -> ArchivedImage:
    """The requested image: the only one, or the one that matches by name, for the requested platform.

    Raises ArchiveError unless that is exactly one.
    """
    named = [image for image in images if matches(image)] or list(images)
    candidates = {image.id: image for image in named if not platform or image.platform.startswith(platform)}
    if len(candidates) == 1:
        return next(iter(candidates.values()))
    contents = ", ".join(sorted(f"{' '.join(image.names) or 'an untagged image'} ({image.platform})" for image in images)) or "no image"
    raise ArchiveError(f"the requested image is ambiguous: the archive contains {contents}")
