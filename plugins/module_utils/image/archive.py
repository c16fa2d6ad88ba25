# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tar archives that are sent while they are read, the context of a build above all: nothing is written to disk.

The builder's cache looks at names, modes, owners and contents, not at times. So owners are left out, and times are the files' own:
web servers and compilers compare them.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Generator, Iterator

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.context import Entry
from ansible_collections.runbook.minikube.plugins.module_utils.image.source import Source

DOCKERFILE = ".runbook.dockerfile"  # in the archive; out of the way of COPY, and it may lie outside of the context
# The builder reads these two and then drops them from the context, as they are named here.
IGNORED = f"{DOCKERFILE}\n.dockerignore\n".encode()
KINDS = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}
END = bytes(2 * tarfile.BLOCKSIZE)
BLOCK = 1 << 18  # bytes sent at once


class TarStream:
    """Iterates over an archive's bytes, given its ``pieces``; ``bytes_sent`` counts what was taken so far."""

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

    def __init__(self, source: Source):
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

    def _checked_content(self, entry: Entry) -> Iterator[bytes]:
        """The file's bytes. Raises RunbookError where they are no longer those of the digest: the tag would lie."""
        try:
            unchanged = yield from self._content(entry)
        except OSError as error:
            raise RunbookError(f"{entry.path} cannot be read any more: {error.strerror}. Run again when the files are at rest.") from None
        if not unchanged:
            raise RunbookError(f"{entry.path} changed while it was sent to the builder. Run again when the files are at rest.")
        yield padding(entry.size)

    def _content(self, entry: Entry) -> Generator[bytes, None, bool]:
        """The file's bytes, as many as its header says; returns whether they are those of the digest."""
        left = entry.size
        seen = hashlib.sha256()
        with open(os.path.join(self._source.request.context, entry.path), "rb") as file:
            while left and (block := file.read(min(BLOCK, left))):
                seen.update(block)
                left -= len(block)
                yield block
            grown = file.read(1)
        return not left and not grown and seen.hexdigest() == entry.content


def header(entry: Entry) -> bytes:
    """What stands before an entry's content."""
    info = tarfile.TarInfo(entry.path)
    info.type = KINDS[entry.kind]
    info.mode = entry.mode
    info.size = entry.size
    info.mtime = entry.mtime
    info.linkname = entry.content if entry.kind == "link" else ""
    return info.tobuf(format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape")


def member(name: str, content: bytes) -> Iterator[bytes]:
    """A file of the archive in whole."""
    yield header(Entry(name, "file", 0o644, size=len(content)))
    yield content
    yield padding(len(content))


def padding(size: int) -> bytes:
    """What stands behind the content of a file of ``size`` bytes."""
    return bytes(-size % tarfile.BLOCKSIZE)
