# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the inputs of a build: its Dockerfile, and the files of its context that are not ignored."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Union

from ..errors import RunbookError
from .digest import ContextEntry, ignore_patterns, normalized_mode
from .dockerfile import DockerfileError, base_images
from .dockerfile_checks import buildkit_features, malformed_patterns, unused_arguments
from .prebuilt import Prebuilt, read_prebuilt
from .spec import ImageSpec

try:
    from docker.utils.build import PatternMatcher
except ImportError:
    PatternMatcher = None  # the engine's client reports the missing SDK

IGNORE_FILE = ".dockerignore"


@dataclass(frozen=True)
class BuildContext:
    """A requested build with its inputs: the Dockerfile, the context's entries, and the base images."""

    spec: ImageSpec
    dockerfile: bytes
    entries: tuple[ContextEntry, ...]
    bases: tuple[str, ...]
    warnings: tuple[str, ...] = ()


ImageSource = Union[BuildContext, Prebuilt]  # noqa: UP007 (pylint knows no | of classes)


class FileHashes:
    """SHA-256 of files, each read once in a run, as images often share a context."""

    def __init__(self):
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The file's SHA-256 in hexadecimal digits."""
        if path not in self._known:
            with open(path, "rb") as file:
                self._known[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._known[path]


def read_sources(specs: Sequence[ImageSpec]) -> list[ImageSource]:
    """Reads the inputs of all requested images. Raises RunbookError naming the option whose file is missing or cannot be read."""
    builds = [spec for spec in specs if spec.context]
    for spec in builds:  # before any hashing, as this is cheap
        require_files(spec)
    hashes = FileHashes()
    return [_read(spec, hashes) if spec.context else read_prebuilt(spec) for spec in specs]


def require_files(spec: ImageSpec):
    """Raises RunbookError where the context or the Dockerfile does not exist."""
    if not os.path.isdir(spec.context):
        raise RunbookError(f"{spec.option}.path: the folder {spec.context} does not exist. Correct the path of the image {spec.name}.")
    if not os.path.isfile(spec.dockerfile):
        raise RunbookError(
            f"{spec.option}.dockerfile: the file {spec.dockerfile} does not exist. "
            f"Correct the path of the Dockerfile of {spec.name}; it is relative to {spec.context}."
        )


def _read(spec: ImageSpec, hashes: FileHashes) -> BuildContext:
    try:
        with open(spec.dockerfile, "rb") as file:
            dockerfile = file.read()
        text = dockerfile.decode("utf-8")
        bases = base_images(text, spec.args, spec.target)
        _require_classic(spec, text)
        patterns = _patterns(spec)
        entries = list_entries(spec.context, patterns, hashes, exclude=_ignore_files(spec))
    except DockerfileError as error:
        raise RunbookError(_dockerfile_message(spec, error)) from None
    except UnicodeDecodeError:
        raise RunbookError(f"{spec.option}.dockerfile: {spec.dockerfile} is not UTF-8 text.") from None
    except OSError as error:
        raise RunbookError(
            f"{spec.option}.path: {error.filename} cannot be read: {error.strerror}. "
            f"Make it readable, or exclude it in {spec.context}/{IGNORE_FILE}."
        ) from None
    return BuildContext(spec, dockerfile, entries, bases, tuple(_warnings(spec, text, patterns)))


def _require_classic(spec: ImageSpec, text: str) -> None:
    features = buildkit_features(text)
    if features:
        raise RunbookError(
            f"{spec.option}.dockerfile: {spec.dockerfile} uses {', '.join(features)}, which only BuildKit builds. The node's engine builds with "
            f"the classic builder. Rewrite these steps, or build {spec.name} elsewhere and load it (option archive of the image)."
        )


def _warnings(spec: ImageSpec, text: str, patterns: list[str]) -> Iterator[str]:
    unused = unused_arguments(text, spec.args)
    if unused:
        yield f"{spec.option}.args: {', '.join(unused)} of {spec.name} {'is' if len(unused) == 1 else 'are'} not declared by an ARG in {spec.dockerfile}."
    malformed = malformed_patterns(patterns)
    if malformed:
        yield f"{spec.context}: malformed patterns in the ignore file of {spec.name}: {', '.join(malformed)}. They may exclude other files than intended."


def list_entries(root: str, patterns: list[str], hashes: FileHashes, exclude: frozenset[str] = frozenset()) -> tuple[ContextEntry, ...]:
    """The entries of a folder that the patterns do not exclude, sorted by path. Sockets, pipes and devices are omitted."""
    if PatternMatcher is None:
        return ()
    paths = sorted(set(PatternMatcher(patterns).walk(root)) - exclude)
    entries = (_entry(root, path, hashes) for path in paths)
    return tuple(entry for entry in entries if entry)


def _entry(root: str, path: str, hashes: FileHashes) -> ContextEntry | None:
    full = os.path.join(root, path)
    status = os.lstat(full)
    mode = normalized_mode(status.st_mode)
    name = path.replace(os.sep, "/")
    if stat.S_ISREG(status.st_mode):
        return ContextEntry(name, "file", mode, hashes.of(full), status.st_size, int(status.st_mtime))
    if stat.S_ISDIR(status.st_mode):
        return ContextEntry(name, "folder", mode, mtime=int(status.st_mtime))
    if stat.S_ISLNK(status.st_mode):
        return ContextEntry(name, "link", 0o777, os.readlink(full), mtime=int(status.st_mtime))
    return None


def _patterns(spec: ImageSpec) -> list[str]:
    own = f"{spec.dockerfile}{IGNORE_FILE}"
    common = os.path.join(spec.context, IGNORE_FILE)
    for path in (own, common):
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return ignore_patterns(file.read())
    return []


def _ignore_files(spec: ImageSpec) -> frozenset[str]:
    """Not part of the build: a changed ignore file that ignores the same files changes nothing."""
    return frozenset({IGNORE_FILE, os.path.relpath(f"{spec.dockerfile}{IGNORE_FILE}", spec.context)})


def _dockerfile_message(spec: ImageSpec, error: DockerfileError) -> str:
    if error.argument:
        return f"{spec.option}.args.{error.argument} is required by {spec.dockerfile}: {error}."
    option = "target" if spec.target else "dockerfile"
    return f"{spec.option}.{option}: {spec.dockerfile}: {error}."
