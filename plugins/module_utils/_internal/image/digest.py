# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The digest of a build, from the listing of its context and its other inputs. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

FORMAT = 1  # part of every digest; increased if the same inputs would give another image
SHORT = 12  # hexadecimal digits of a digest in a content tag and in labels


@dataclass(frozen=True)
class ContextEntry:
    """A file, folder or link of a context. ``path`` is relative with slashes; ``content`` a file's SHA-256 or a link's target.

    ``size`` (bytes) and ``mtime`` (whole seconds) are not part of the digest.
    """

    path: str
    kind: str  # file, folder or link
    mode: int
    content: str = ""
    size: int = 0
    mtime: int = 0


@dataclass(frozen=True)
class BuildInputs:
    """Digests of everything that determines the image, by part."""

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
        """The text of the image's label, the digest and the shortened parts: "<digest> context=0a1b2c3d4e5f dockerfile=…"."""
        return " ".join([self.digest, *(f"{part}={digest[:SHORT]}" for part, digest in vars(self).items())])

    def changed_since(self, label: str) -> list[str]:
        """The parts that differ from those in the text of an image's label."""
        previous = dict(part.partition("=")[::2] for part in label.split())
        return [part for part, digest in vars(self).items() if previous.get(part) != digest[:SHORT]]


def build_inputs(
    entries: Iterable[ContextEntry], dockerfile: bytes, args: dict[str, str], target: str | None, platform: str | None, base_ids: Iterable[str]
) -> BuildInputs:
    """The inputs of one build. ``base_ids`` are the IDs of its base images, in the Dockerfile's order."""
    return BuildInputs(
        context=context_digest(entries),
        dockerfile=hashlib.sha256(dockerfile).hexdigest(),
        args=_sha256(sorted(args.items())),
        target=_sha256(target),
        platform=_sha256(platform),
        base=_sha256(list(base_ids)),
    )


def context_digest(entries: Iterable[ContextEntry]) -> str:
    """SHA-256 over sorted names, kinds, modes and contents; times, owners and the location of the folder are not included."""
    total = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.path):
        total.update(_line([entry.path, entry.kind, entry.mode, entry.content]))
    return total.hexdigest()


def normalized_mode(mode: int) -> int:
    """A mode without write permission for group and others, so that a umask of 002 gives the same digest as 022."""
    return mode & 0o7777 & ~0o022


def ignore_patterns(text: str) -> list[str]:
    """The patterns in the text of a .dockerignore, in order."""
    lines = text.lstrip("\ufeff").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _sha256(value) -> str:
    return hashlib.sha256(_line(value)).hexdigest()


def _line(value) -> bytes:
    # ASCII, so that a file name that is not valid text can be encoded too
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"
