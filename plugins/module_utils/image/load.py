# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings one image into the node: only the layers that the node lacks are sent."""

from __future__ import annotations

import gzip
import tarfile
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.engine.client import EngineError
from ansible_collections.runbook.minikube.plugins.module_utils.engine.shell import ShellError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.reduced import ReducedArchive
from ansible_collections.runbook.minikube.plugins.module_utils.image.saved import Archive, ArchiveError, SavedImage

DISK_FULL = "no space left"
LAYER_MISSING = ("not found", "no such file")  # what a node says of a layer that was left out and that it does not have after all
BROKEN = (ArchiveError, tarfile.TarError, EOFError, gzip.BadGzipFile)


@dataclass(frozen=True)
class Loaded:
    """What a load did. ``kind`` is reduced or full, or None where the node had the image already."""

    id: str
    kind: str | None
    bytes_sent: int = 0
    layers_sent: int = 0
    layers_reused: int = 0


def load(node, archive: Archive, image: SavedImage, reference: str) -> Loaded:
    """Brings ``image`` into the node under ``reference``. Raises RunbookError where the node has not taken all of it."""
    if node.image_id(reference) == image.id:
        return Loaded(image.id, None, layers_reused=len(image.layers))
    present = node.present_layers([layer.diff_id for layer in image.layers])
    try:
        return _send(node, ReducedArchive(archive, image, reference, node.takes, present))
    except (EngineError, ShellError) as error:
        if not present or not _says(error, *LAYER_MISSING):
            raise _failure(node, reference, error) from None
    try:
        return _send(node, ReducedArchive(archive, image, reference, node.takes, set()))
    except (EngineError, ShellError) as error:
        raise _failure(node, reference, error) from None


def _send(node, stream: ReducedArchive) -> Loaded:
    try:
        node.load(stream)
    except BROKEN as error:
        raise RunbookError(f"The saved image cannot be read to its end: {error}. Save it again.") from None
    return Loaded(stream.id, "reduced" if stream.reused else "full", stream.bytes_sent, stream.sent, stream.reused)


def _failure(node, reference: str, error: RunbookError) -> RunbookError:
    if _says(error, DISK_FULL):
        hint = (
            f"{node.where} has no space left on its disk for {reference}; the image was not loaded. "
            "Free space (docker image prune or crictl rmi in the node, or older images by the option keep), "
            "or give the profile a larger disk, and run again."
        )
        return RunbookError(f"{hint} It said: {error}")
    return RunbookError(f"Loading {reference} failed: {error} Nothing is named by halves, so run again.")


def _says(error: RunbookError, *words: str) -> bool:
    text = f"{error} {getattr(error, 'said', '')}".lower()
    return any(word in text for word in words)
