# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images that somebody else built: in an archive, or in the host's engine. Also opens what is to be loaded."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ansible_collections.runbook.minikube.plugins.module_utils.engine.client import Engine
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.reference import familiar
from ansible_collections.runbook.minikube.plugins.module_utils.image.request import Request
from ansible_collections.runbook.minikube.plugins.module_utils.image.saved import Archive, ArchiveError, SavedImage, choose


@dataclass(frozen=True)
class Ready:
    """A request with the ID of the image that it means, None while the host's engine has not been asked for it."""

    request: Request
    id: str | None = None
    bases: tuple[str, ...] = ()  # it is built upon nothing that would have to be there


def read_ready(request: Request) -> Ready:
    """Reads the ID of the image in the request's archive; of the archive that is only the description. Raises RunbookError."""
    if not request.archive:
        return Ready(request)
    with open_archive(request) as (_archive, image):
        return Ready(request, image.id)


def find_in_host(ready: Ready, host: Engine) -> Ready:
    """Asks the host's engine for the image. Raises RunbookError where it is not there."""
    request = ready.request
    found = host.image(request.origin)
    if found is None:
        raise RunbookError(
            f"{request.option}: {host.where} has no image {request.origin}. Build or pull it there, "
            f"or give {request.option}.context to have it built, or {request.option}.archive to take it from a file."
        )
    made = f"{found.get('Os')}/{found.get('Architecture')}"
    if request.platform and not request.platform.startswith(made):
        raise RunbookError(
            f"{request.option}: {request.origin} is for {made}, and {request.option}.platform is {request.platform}. Correct one of them."
        )
    return replace(ready, id=found["Id"])


@contextmanager
def open_archive(request: Request) -> Iterator[tuple[Archive, SavedImage]]:
    """The request's archive and the image in it that is meant."""
    option = f"{request.option}.archive: {request.archive}"
    try:
        with open(request.archive, "rb") as file:
            archive = Archive(file)
            yield archive, choose(archive.images, lambda image: _is_called(image, request.origin), request.platform)
    except ArchiveError as error:
        again = f"docker save --output {os.path.basename(request.archive)} NAME:TAG"
        raise RunbookError(f"{option}: {error}. Save the image again: {again}") from None
    except OSError as error:
        if error.filename != request.archive:
            raise
        raise RunbookError(f"{option} cannot be read: {error.strerror}. Correct the path of the image {request.name}.") from None


@contextmanager
def saved_by(host: Engine, image_id: str) -> Iterator[tuple[Archive, SavedImage]]:
    """An image as the host's engine saves it, on disk for the time of its use.

    The engine knows no partial form, and says only at the end of its archive which layer is which.
    """
    with tempfile.TemporaryFile() as file:
        try:
            for piece in host.save(image_id):
                file.write(piece)
            file.seek(0)
        except OSError as error:
            raise RunbookError(
                f"The image {image_id} cannot be kept in {tempfile.gettempdir()} while it is loaded: {error.strerror}. "
                "Free space there, or set TMPDIR to a folder that has some."
            ) from None
        archive = Archive(file)
        yield archive, archive.images[0]


def _is_called(image: SavedImage, origin: str) -> bool:
    return any(familiar(name) == origin for name in image.names)
