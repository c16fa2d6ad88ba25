# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last lines of a log that match a pattern, printable and without credentials, in bounded memory. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

from ..masking import without_credentials
from ..printable import visible_line
from ..workloads.logs import MAX_LINE

COLOUR = re.compile(r"\x1b\[[\d;]*[mK]")
MAX_RAW = 32 * 1024  # bytes of a line that are looked at


def last_lines(pieces: Iterable[bytes], keep: int, pattern: re.Pattern | None = None) -> tuple[list[str], int]:
    """(the last ``keep`` matching lines, how many match)."""
    kept: deque[str] = deque(maxlen=keep)
    count = 0
    for raw in _raw_lines(pieces):
        line = COLOUR.sub("", raw.decode(errors="replace")).rstrip("\r")
        if pattern is None or pattern.search(line):
            kept.append(line)
            count += 1
    return [visible_line(without_credentials(line), MAX_LINE) for line in kept], count


def _raw_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, each cut after MAX_RAW bytes."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line[:MAX_RAW] for line in lines)
        rest = rest[: MAX_RAW + 1]
    if rest:
        yield rest[:MAX_RAW]
