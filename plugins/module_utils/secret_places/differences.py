# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How two secret values differ in kind, without telling anything else of them. Pure: bytes in, words out.

Two values are alike but for some slips when the same value is left after undoing them. The fewest slips that explain it count.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

MISSING, EMPTY, OTHER = "missing", "empty", "other"
MOST_SLIPS = 3  # on one side: "base64 of the quoted value with a newline" is the longest that a person makes
SHORTEST_BASE64 = 8
LENGTHS = (16, 32, 64, 128, 1024)


@dataclass(frozen=True)
class Slip:
    """One kind of mistake. ``undo`` gives the value without it, or the value itself where it is not there."""

    kind: str
    says: str
    undo: Callable[[bytes], bytes]


def _without_newline(value: bytes) -> bytes:
    return value.rstrip(b"\r\n")


def _without_quotes(value: bytes) -> bytes:
    quoted = len(value) >= 2 and value[:1] in (b'"', b"'") and value[:1] == value[-1:]
    return value[1:-1] if quoted else value


def _decoded(value: bytes) -> bytes:
    packed = b"".join(value.split())  # the tool base64 breaks lines
    if len(packed) < SHORTEST_BASE64:
        return value
    try:
        return base64.b64decode(packed, validate=True)
    except binascii.Error:
        return value


SLIPS = (
    Slip("trailing_newline", "ends with a newline", _without_newline),
    Slip("surrounding_whitespace", "has whitespace around it", bytes.strip),
    Slip("quotes", "has quotes around it", _without_quotes),
    Slip("base64", "is encoded with base64 once more", _decoded),
    Slip("crlf", "has Windows line ends", lambda value: value.replace(b"\r\n", b"\n")),
    Slip("case", "has letters of another case", bytes.lower),
)
SAYS = {slip.kind: slip.says for slip in SLIPS}


@dataclass(frozen=True)
class Difference:
    """What differs between two values: the slips of each side, or one of missing, empty, other."""

    kinds: tuple[str, ...]
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()


def difference_of(left: bytes | None, right: bytes | None) -> Difference | None:
    """None where both are equal, a missing value (None) being equal to a missing one."""
    if left == right:
        return None
    if left is None or right is None:
        return Difference((MISSING,))
    if not left.strip() or not right.strip():
        return Difference((EMPTY,))
    ways_left, ways_right = _undone(left), _undone(right)
    common = [(ways_left[value], ways_right[value]) for value in ways_left.keys() & ways_right.keys() if value.strip()]
    if not common:
        return Difference((OTHER,))
    found = min(common, key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
    return Difference(tuple(sorted({*found[0], *found[1]})), *found)


def sentence_of(difference: Difference, left: str, right: str) -> str:
    """The difference in words; ``left`` and ``right`` name the places."""
    if difference.kinds == (MISSING,):
        return f"{left} or {right} has no value."
    if difference.kinds == (EMPTY,):
        return f"{left} or {right} is empty."
    if difference.kinds == (OTHER,):
        return f"{left} and {right} hold different values."
    if "case" in difference.kinds:
        rest = [_slips(left, difference.left), _slips(right, difference.right)]
        told = ", and ".join(filter(None, rest))
        return f"{left} and {right} differ in upper and lower case" + (f"; besides, {told}." if told else ".")
    return ", and ".join(filter(None, [_slips(left, difference.left), _slips(right, difference.right)])) + "."


def length_class(value: bytes | None) -> str:
    """About how long a value is: too coarse to help anybody guess it."""
    if value is None:
        return MISSING
    if not value:
        return EMPTY
    lower = 1
    for upper in LENGTHS:
        if len(value) < upper:
            return f"{lower} to {upper - 1} bytes"
        lower = upper
    return f"{lower} bytes or more"


def _slips(place: str, kinds: tuple[str, ...]) -> str:
    told = [SAYS[kind] for kind in kinds if kind != "case"]
    return f"{place} {' and '.join(told)}" if told else ""


def _undone(value: bytes) -> dict[bytes, tuple[str, ...]]:
    """Every value that is left after undoing up to MOST_SLIPS slips, with the fewest that lead to it."""
    ways: dict[bytes, tuple[str, ...]] = {value: ()}
    newest = [value]
    for _slip in range(MOST_SLIPS):
        found = []
        for current, slip in product(newest, SLIPS):
            without = slip.undo(current)
            if without not in ways:
                ways[without] = (*ways[current], slip.kind)
                found.append(without)
        newest = found
    return ways
