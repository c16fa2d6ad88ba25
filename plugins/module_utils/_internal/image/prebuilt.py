# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images that were built elsewhere: in an archive, or in the host's engine. Also exports what is to be loaded."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ..clients.engine.client import Engine
from ..errors import RunbookError
from .image_archive import ArchivedImage, ArchiveError, ImageArchive, select_image
from .reference import normalize_reference
from .spec import ImageSpec


@dataclass(frozen=True)
class Prebuilt:
    """A requested image with its ID, "" until the host's engine was queried."""

    spec: ImageSpec
    id: str = ""
    bases: tuple[str, ...] = ()  # always empty: no base image has to be present
    warnings: tuple[str, ...] = ()  # always empty: there is no Dockerfile


def read_prebuilt(spec: ImageSpec) -> Prebuilt:
    """Reads the image's ID from the archive's metadata, if it comes from an archive. Raises RunbookError."""
    if not spec.archive:
        return Prebuilt(spec)
    with open_archive(spec) as (_archive, image):
        return Prebuilt(spec, image.id)


def find_on_host(prebuilt: Prebuilt, host: Engine) -> Prebuilt:
    """Looks the image up in the host's engine. Raises RunbookError if it does not exist."""
    spec = prebuilt.spec
    image = host.image(spec.host_reference)
    if image is None:
        raise RunbookError(
            f"{spec.option}: {host.name} has no image {spec.host_reference}. Build or pull it there, "
            f"or set {spec.option}.path to build it, or {spec.option}.archive to load it from a file."
        )
    platform = f"{image.get('Os')}/{image.get('Architecture')}"
    if spec.platform and not spec.platform.startswith(platform):
        raise RunbookError(
            f"{spec.option}: {spec.host_reference} is for {platform}, but {spec.option}.platform is {spec.platform}. Correct one of them."
        )
    return replace(prebuilt, id=image["Id"])


@contextmanager
def open_archive(spec: ImageSpec) -> Iterator[tuple[ImageArchive, ArchivedImage]]:
    """The archive of the spec and the requested image in it."""
    option = f"{spec.option}.archive: {spec.archive}"
    try:
        with open(spec.archive, "rb") as file:
            archive = ImageArchive(file)
            yield archive, select_image(archive.images, lambda image: _has_name(image, spec.host_reference), spec.platform)
    except ArchiveError as error:
        command = f"docker save --output {os.path.basename(spec.archive)} NAME:TAG"
        raise RunbookError(f"{option}: {error}. Save the image again: {command}") from None
    except OSError as error:
        if error.filename != spec.archive:
            raise
        raise RunbookError(f"{option} cannot be read: {error.strerror}. Correct the path of the image {spec.name}.") from None


@contextmanager
def export_from(engine: Engine, image_id: str) -> Iterator[tuple[ImageArchive, ArchivedImage]]:
    """The archive of an image that the engine exports, in a temporary file.

    The engine has no partial export, and describes only at the end of its archive which layer is which.
    """
    with tempfile.TemporaryFile() as file:
        try:
            for piece in engine.save(image_id):
                file.write(piece)
            file.seek(0)
        except OSError as error:
            raise RunbookError(
                f"The image {image_id} cannot be exported to {tempfile.gettempdir()}: {error.strerror}. "
                "Free space there, or set TMPDIR to a folder with more space."
            ) from None
        archive = ImageArchive(file)
        yield archive, archive.images[0]


def _has_name(image: ArchivedImage, reference: str) -> bool:
    return any(normalize_reference(name) == reference for name in image.names)
