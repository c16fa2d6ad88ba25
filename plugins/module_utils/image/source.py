# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a build starts from: its Dockerfile, and the part of its context that is not ignored."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.context import Entry, ignore_patterns, without_foreign_write
from ansible_collections.runbook.minikube.plugins.module_utils.image.dockerfile import DockerfileError, base_images
from ansible_collections.runbook.minikube.plugins.module_utils.image.ready import Ready, read_ready
from ansible_collections.runbook.minikube.plugins.module_utils.image.request import Request

try:
    from docker.utils.build import PatternMatcher
except ImportError:
    PatternMatcher = None  # the engine's client says that the SDK is missing

IGNORE_FILE = ".dockerignore"


@dataclass(frozen=True)
class Source:
    """A request with what its files say: the Dockerfile, the context's entries, and the images that it builds upon."""

    request: Request
    dockerfile: bytes
    entries: tuple[Entry, ...]
    bases: tuple[str, ...]


class FileHashes:
    """SHA-256 of files, each read once in a run: images often share a context."""

    def __init__(self):
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The file's SHA-256 in hexadecimal digits."""
        if path not in self._known:
            with open(path, "rb") as file:
                self._known[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._known[path]


def read_sources(requests: list[Request]) -> list[Source | Ready]:
    """Reads all that is asked for. Raises RunbookError naming the option whose file is missing or cannot be read."""
    builds = [request for request in requests if request.context]
    for request in builds:  # all of them first: it is cheap, and hashing is not
        require_files(request)
    hashes = FileHashes()
    return [_read(request, hashes) if request.context else read_ready(request) for request in requests]


def require_files(request: Request):
    """Raises RunbookError where the context or the Dockerfile is not there."""
    if not os.path.isdir(request.context):
        raise RunbookError(f"{request.option}.context: there is no folder {request.context}. Correct the path of the image {request.name}.")
    if not os.path.isfile(request.dockerfile):
        raise RunbookError(
            f"{request.option}.dockerfile: there is no file {request.dockerfile}. "
            f"Correct the path for the image {request.name}; it is relative to the context {request.context}."
        )


def _read(request: Request, hashes: FileHashes) -> Source:
    try:
        with open(request.dockerfile, "rb") as file:
            dockerfile = file.read()
        bases = base_images(dockerfile.decode("utf-8"), request.args, request.target)
        entries = list_context(request.context, _patterns(request), hashes, leave_out=_ignore_files(request))
    except DockerfileError as error:
        raise RunbookError(_dockerfile_problem(request, error)) from None
    except UnicodeDecodeError:
        raise RunbookError(f"{request.option}.dockerfile: {request.dockerfile} is not UTF-8 text.") from None
    except OSError as error:
        raise RunbookError(
            f"{request.option}.context: {error.filename} cannot be read: {error.strerror}. "
            f"Make it readable, or name it in {request.context}/{IGNORE_FILE}."
        ) from None
    return Source(request, dockerfile, entries, bases)


def list_context(root: str, patterns: list[str], hashes: FileHashes, leave_out: frozenset[str] = frozenset()) -> tuple[Entry, ...]:
    """The entries of a folder that the patterns do not exclude, sorted by path. Sockets, pipes and devices are left out."""
    if PatternMatcher is None:
        return ()
    paths = sorted(set(PatternMatcher(patterns).walk(root)) - leave_out)
    entries = (_entry(root, path, hashes) for path in paths)
    return tuple(entry for entry in entries if entry)


def _entry(root: str, path: str, hashes: FileHashes) -> Entry | None:
    full = os.path.join(root, path)
    found = os.lstat(full)
    mode = without_foreign_write(found.st_mode)
    name = path.replace(os.sep, "/")
    if stat.S_ISREG(found.st_mode):
        return Entry(name, "file", mode, hashes.of(full), found.st_size, int(found.st_mtime))
    if stat.S_ISDIR(found.st_mode):
        return Entry(name, "folder", mode, mtime=int(found.st_mtime))
    if stat.S_ISLNK(found.st_mode):
        return Entry(name, "link", 0o777, os.readlink(full), mtime=int(found.st_mtime))
    return None


def _patterns(request: Request) -> list[str]:
    own = f"{request.dockerfile}{IGNORE_FILE}"
    common = os.path.join(request.context, IGNORE_FILE)
    for path in (own, common):
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return ignore_patterns(file.read())
    return []


def _ignore_files(request: Request) -> frozenset[str]:
    """They steer the build and are no part of it: changing one that ignores the same files changes nothing."""
    return frozenset({IGNORE_FILE, os.path.relpath(f"{request.dockerfile}{IGNORE_FILE}", request.context)})


def _dockerfile_problem(request: Request, error: DockerfileError) -> str:
    if error.argument:
        return f"{request.option}.args.{error.argument} is missing: in {request.dockerfile}, {error}."
    option = "target" if request.target else "dockerfile"
    return f"{request.option}.{option}: {request.dockerfile}: {error}."
