# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads one image into the node. Only the layers that are missing there are sent."""

from __future__ import annotations

import gzip
import tarfile
from dataclasses import dataclass

from ..clients.engine.client import NO_SPACE, EngineError
from ..clients.engine.shell import ShellError
from ..errors import RunbookError
from .image_archive import ArchivedImage, ArchiveError, ImageArchive
from .partial_archive import PartialArchive

LAYER_MISSING = ("not found", "no such file")  # in a node's error about a layer that was omitted but is missing there
ARCHIVE_ERRORS = (ArchiveError, tarfile.TarError, EOFError, gzip.BadGzipFile)


@dataclass(frozen=True)
class LoadResult:
    """The result of a load. ``kind`` is missing_layers or full, None where the node had the image already."""

    id: str
    kind: str | None
    bytes_sent: int = 0
    layers_sent: int = 0
    layers_reused: int = 0


def load(node, archive: ImageArchive, image: ArchivedImage, reference: str) -> LoadResult:
    """Loads ``image`` into the node as ``reference``. Raises RunbookError if the node did not accept all of it."""
    if node.image_id(reference) == image.id:
        return LoadResult(image.id, None, layers_reused=len(image.layers))
    present = node.present_layers([layer.diff_id for layer in image.layers])
    try:
        return _send(node, PartialArchive(archive, image, reference, node.archive_format, present))
    except (EngineError, ShellError) as error:
        if not present or not _mentions(error, *LAYER_MISSING):
            raise _load_failure(node, reference, error) from None
    try:
        return _send(node, PartialArchive(archive, image, reference, node.archive_format, set()))
    except (EngineError, ShellError) as error:
        raise _load_failure(node, reference, error) from None


def _send(node, stream: PartialArchive) -> LoadResult:
    try:
        node.load(stream)
    except ARCHIVE_ERRORS as error:
        raise RunbookError(f"The saved image cannot be read completely: {error}. Save it again.") from None
    return LoadResult(stream.id, "missing_layers" if stream.reused else "full", stream.bytes_sent, stream.sent, stream.reused)


def _load_failure(node, reference: str, error: RunbookError) -> RunbookError:
    if _mentions(error, NO_SPACE):
        return RunbookError(
            f"{node.name} has no space left on its disk for {reference}; the image was not loaded. "
            "Free space (docker image prune or crictl rmi in the node, or remove older images with the option keep_tags), "
            f"or give the profile a larger disk, and run again. The error was: {error}"
        )
    return RunbookError(f"Loading {reference} failed: {error} No incomplete image was tagged. Run again.")


def _mentions(error: RunbookError, *words: str) -> bool:
    text = f"{error} {getattr(error, 'stderr', '')}".lower()
    return any(word in text for word in words)
