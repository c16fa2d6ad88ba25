# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a saved image: a tar as `docker save` makes it, or one that holds an OCI layout. Only what is asked for is read."""

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
from typing import BinaryIO

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
ATTESTATION = "vnd.docker.reference.type"
NAME_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


class ArchiveError(ValueError):
    """The tar holds no image that can be read."""


@dataclass(frozen=True)
class Layer:
    """One layer. ``diff_id`` is the digest of its uncompressed tar, ``member`` its place in the archive."""

    diff_id: str
    member: str


@dataclass(frozen=True)
class SavedImage:
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
        described = json.loads(self.config)
        return "/".join(filter(None, (described.get("os"), described.get("architecture"), described.get("variant"))))


def digest_of(data: bytes) -> str:
    """The digest by which images and blobs are known."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Archive:
    """An open archive. ``images`` are all that it holds. Raises ArchiveError where it is none, or is cut off."""

    def __init__(self, file: BinaryIO):
        try:
            self._tar = tarfile.open(fileobj=file, mode="r:*")
            self._members = {os.path.normpath(member.name): member for member in self._tar.getmembers()}
            self.images = self._read_images()
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error):
            raise ArchiveError("it is no tar, or it is cut off") from None
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise error if isinstance(error, ArchiveError) else ArchiveError(f"its description of images can't be read ({error})") from None

    def layer(self, layer: Layer) -> BinaryIO:
        """The layer's tar, unpacked where it is compressed by gzip, at its beginning. Raises ArchiveError where it is cut off."""
        stored = self._open(layer.member)
        begins = stored.read(4)
        stored.seek(0)
        if begins.startswith(ZSTD):
            raise ArchiveError("its layers are compressed by zstd; save it again with gzip or uncompressed")
        if not begins.startswith(GZIP):
            return stored
        unpacked = tempfile.TemporaryFile()
        try:
            with gzip.GzipFile(fileobj=stored) as packed:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
        except (EOFError, OSError, zlib.error) as error:  # a BadGzipFile is an OSError, and so is a full disk here
            unpacked.close()
            raise ArchiveError(f"the layer {layer.diff_id} can't be unpacked into {tempfile.gettempdir()} ({error})") from None
        unpacked.seek(0)
        return unpacked

    def _read_images(self) -> tuple[SavedImage, ...]:
        if "manifest.json" in self._members:
            return tuple(self._by_docker(one) for one in self._json("manifest.json"))
        if "index.json" in self._members:
            return tuple(self._by_oci(self._json("index.json"), ()))
        raise ArchiveError("it holds neither manifest.json (docker save) nor index.json (an OCI layout)")

    def _by_docker(self, manifest: dict) -> SavedImage:
        return self._image(self._read(manifest["Config"]), manifest["Layers"], tuple(manifest.get("RepoTags") or ()))

    def _by_oci(self, index: dict, names: tuple[str, ...]):
        for entry in index["manifests"]:
            annotations = entry.get("annotations") or {}
            if ATTESTATION in annotations:
                continue
            own = names or tuple(annotations[key] for key in NAME_ANNOTATIONS if key in annotations)
            content = self._json(_blob(entry["digest"]))
            if "manifests" in content:
                yield from self._by_oci(content, own)
            else:
                members = [_blob(layer["digest"]) for layer in content["layers"]]
                yield self._image(self._read(_blob(content["config"]["digest"])), members, own)

    def _image(self, config: bytes, members: list[str], names: tuple[str, ...]) -> SavedImage:
        diff_ids = json.loads(config)["rootfs"]["diff_ids"]
        if len(diff_ids) != len(members):
            raise ArchiveError(f"an image of {len(diff_ids)} layers has {len(members)} of them")
        return SavedImage(config, tuple(Layer(diff_id, member) for diff_id, member in zip(diff_ids, members)), names)

    def _json(self, member: str):
        return json.loads(self._read(member))

    def _read(self, member: str) -> bytes:
        with self._open(member) as file:
            return file.read()

    def _open(self, member: str) -> BinaryIO:
        found = self._members.get(os.path.normpath(member))
        file = found and self._tar.extractfile(found)  # through links, by which docker save stores a layer once
        if not file:
            raise ArchiveError(f"it lacks {member}")
        return file


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/", 1)


def choose(images: tuple[SavedImage, ...], is_wanted: Callable[[SavedImage], bool], platform: str | None) -> SavedImage:
    """The one image that is meant: the only one, or the one by name, of the platform asked for.

    Raises ArchiveError where that is not one.
    """
    named = [image for image in images if is_wanted(image)] or list(images)
    meant = {image.id: image for image in named if not platform or image.platform.startswith(platform)}
    if len(meant) == 1:
        return next(iter(meant.values()))
    held = ", ".join(sorted(f"{' '.join(image.names) or 'one without a name'} ({image.platform})" for image in images)) or "nothing"
    raise ArchiveError(f"which of its images is meant is not clear: it holds {held}")
