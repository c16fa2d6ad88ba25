# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tar archives that are streamed without a temporary file, such as the context of a build.

The builder's cache compares names, modes, owners and contents, but not times. So owners are omitted, and files keep their times, which
web servers and compilers compare.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Generator, Iterator

from ..errors import RunbookError
from .build_context import BuildContext
from .digest import ContextEntry

DOCKERFILE = ".runbook.dockerfile"  # its name in the archive: COPY does not copy it, and the file may be outside of the context
# The builder reads these two files and then drops them from the context, as they are ignored here.
IGNORED = f"{DOCKERFILE}\n.dockerignore\n".encode()
KINDS = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}
END = bytes(2 * tarfile.BLOCKSIZE)
BLOCK = 1 << 18  # bytes sent at a time


class TarStream:
    """Iterates over an archive's bytes, given its ``pieces``; ``bytes_sent`` counts the bytes so far."""

    def __init__(self):
        self.bytes_sent = 0

    def pieces(self) -> Iterator[bytes]:
        """The archive's bytes in pieces of any size."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[bytes]:
        buffer = bytearray()
        for piece in self.pieces():
            buffer += piece
            if len(buffer) >= BLOCK:
                yield self._counted(buffer)
                buffer.clear()
        yield self._counted(buffer)

    def _counted(self, buffer: bytearray) -> bytes:
        self.bytes_sent += len(buffer)
        return bytes(buffer)


class ContextArchive(TarStream):
    """The context of a build, with its Dockerfile."""

    def __init__(self, source: BuildContext):
        super().__init__()
        self._source = source

    def pieces(self) -> Iterator[bytes]:
        yield from member(DOCKERFILE, self._source.dockerfile)
        yield from member(".dockerignore", IGNORED)
        for entry in self._source.entries:
            yield header(entry)
            if entry.kind == "file":
                yield from self._checked_content(entry)
        yield END

    def _checked_content(self, entry: ContextEntry) -> Iterator[bytes]:
        """The file's bytes. Raises RunbookError if they no longer match the digest, as the tag would be wrong."""
        try:
            unchanged = yield from self._content(entry)
        except OSError as error:
            raise RunbookError(f"{entry.path} became unreadable during the build: {error.strerror}. Run again when the files no longer change.") from None
        if not unchanged:
            raise RunbookError(f"{entry.path} changed while it was sent to the builder. Run again when the files no longer change.")
        yield padding(entry.size)

    def _content(self, entry: ContextEntry) -> Generator[bytes, None, bool]:
        """The file's bytes, as many as its header declares; returns whether they match the digest."""
        remaining = entry.size
        hashed = hashlib.sha256()
        with open(os.path.join(self._source.spec.context, entry.path), "rb") as file:
            while remaining and (block := file.read(min(BLOCK, remaining))):
                hashed.update(block)
                remaining -= len(block)
                yield block
            has_more = file.read(1)
        return not remaining and not has_more and hashed.hexdigest() == entry.content


def header(entry: ContextEntry) -> bytes:
    """The header of an entry."""
    info = tarfile.TarInfo(entry.path)
    info.type = KINDS[entry.kind]
    info.mode = entry.mode
    info.size = entry.size
    info.mtime = entry.mtime
    info.linkname = entry.content if entry.kind == "link" else ""
    return info.tobuf(format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape")


def member(name: str, content: bytes) -> Iterator[bytes]:
    """A complete file of the archive."""
    yield header(ContextEntry(name, "file", 0o644, size=len(content)))
    yield content
    yield padding(len(content))


def padding(size: int) -> bytes:
    """The padding after a file of ``size`` bytes."""
    return bytes(-size % tarfile.BLOCKSIZE)
