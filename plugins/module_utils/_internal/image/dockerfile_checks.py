# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the classic builder cannot build, and what it only warns about. Pure.

Sources: the checks for BuildKit's features in moby's builder/dockerfile (dispatchers.go, "requires BuildKit"), its warning about build
arguments that were not consumed, and the patterns of Go's filepath.Match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .dockerfile import instructions

BUILDKIT_OPTIONS = {
    "RUN": ("mount", "network", "security", "device"),
    "COPY": ("chmod", "link", "parents", "exclude"),
    "ADD": ("chmod", "link", "checksum", "keep-git-dir", "exclude", "unpack"),
}
PREDEFINED = re.compile(r"(HTTPS?|FTP|NO|ALL)_PROXY", re.IGNORECASE)  # build arguments without an ARG
AUTOMATIC = re.compile(r"\$\{?(BUILD|TARGET)(PLATFORM|OS|ARCH|VARIANT)\b")  # set by BuildKit only
MALFORMED = re.compile(r"\[[^\]]*$|\[\]|\\$")


def buildkit_features(text: str) -> list[str]:
    """The features of BuildKit that a Dockerfile uses, such as "RUN --mount", in order."""
    return list(dict.fromkeys(feature for keyword, rest in instructions(text) for feature in _features(keyword, rest)))


def unused_arguments(text: str, arguments: dict[str, str]) -> list[str]:
    """The build arguments that no ARG of the Dockerfile declares."""
    declared = {word.partition("=")[0] for keyword, rest in instructions(text) if keyword == "ARG" for word in rest.split()}
    return [name for name in arguments if name not in declared and not PREDEFINED.fullmatch(name)]


def malformed_patterns(patterns: list[str]) -> list[str]:
    """The patterns of an ignore file that docker refuses as malformed."""
    return [pattern for pattern in patterns if MALFORMED.search(pattern)]


def _features(keyword: str, rest: str) -> Iterator[str]:
    if keyword == "FROM" and AUTOMATIC.search(rest):
        yield "FROM --platform with BuildKit's own arguments"
    if "\n" in rest:
        yield f"{keyword} with a here-document"
    for word in rest.split():
        if not word.startswith("--"):
            return
        option = word[2:].partition("=")[0]
        if option in BUILDKIT_OPTIONS.get(keyword, ()):
            yield f"{keyword} --{option}"
