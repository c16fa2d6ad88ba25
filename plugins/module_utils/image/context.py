# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a folder takes part in a build, and the digest of a build. Pure: listings in, digests out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

FORMAT = 1  # part of every digest: raised when the same inputs would make another image
SHORT = 12  # hexadecimal digits of a digest in a content tag and in labels


@dataclass(frozen=True)
class Entry:
    """A file, folder or link of a context. ``path`` is relative with slashes; ``content`` a file's SHA-256 or a link's target.

    ``size`` (bytes) and ``mtime`` (whole seconds) travel with it but take no part in the digest.
    """

    path: str
    kind: str  # file, folder or link
    mode: int
    content: str = ""
    size: int = 0
    mtime: int = 0


@dataclass(frozen=True)
class Inputs:
    """Digests of all that decides what a build makes, by part."""

    context: str
    dockerfile: str
    args: str
    target: str
    platform: str
    base: str

    @property
    def digest(self) -> str:
        """One SHA-256 over all parts."""
        return _sha256([FORMAT, *vars(self).items()])

    def __str__(self) -> str:
        """The digest and, short, the parts, as they are kept in the image's label: "<digest> context=0a1b2c3d4e5f dockerfile=…"."""
        return " ".join([self.digest, *(f"{part}={digest[:SHORT]}" for part, digest in vars(self).items())])

    def changed_since(self, kept: str) -> list[str]:
        """The parts that differ from those in the label's text ``kept``."""
        former = dict(part.partition("=")[::2] for part in kept.split())
        return [part for part, digest in vars(self).items() if former.get(part) != digest[:SHORT]]


def inputs_of(
    entries: Iterable[Entry], dockerfile: bytes, args: dict[str, str], target: str | None, platform: str | None, base_ids: Iterable[str]
) -> Inputs:
    """The parts' digests of one build. ``base_ids`` are the IDs of the images it builds upon, in the Dockerfile's order."""
    return Inputs(
        context=context_digest(entries),
        dockerfile=hashlib.sha256(dockerfile).hexdigest(),
        args=_sha256(sorted(args.items())),
        target=_sha256(target),
        platform=_sha256(platform),
        base=_sha256(list(base_ids)),
    )


def context_digest(entries: Iterable[Entry]) -> str:
    """SHA-256 over names, kinds, modes and contents, in an order of its own: neither times nor owners nor the place count."""
    total = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.path):
        total.update(_line([entry.path, entry.kind, entry.mode, entry.content]))
    return total.hexdigest()


def without_foreign_write(mode: int) -> int:
    """A mode as it takes part in builds: what a umask of 002 leaves writable for the group counts the same as with 022."""
    return mode & 0o7777 & ~0o022


def ignore_patterns(text: str) -> list[str]:
    """The patterns in the text of a .dockerignore, in order."""
    lines = text.lstrip("\ufeff").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _sha256(value) -> str:
    return hashlib.sha256(_line(value)).hexdigest()


def _line(value) -> bytes:
    # ASCII, so that a file name that is no valid text has its own form too
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"
