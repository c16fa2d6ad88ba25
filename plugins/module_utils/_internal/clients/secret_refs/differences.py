# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How two secret values differ in format, without revealing anything else of them. Pure: bytes in, words out.

Two values differ only in format when undoing some format errors leaves the same value. The fewest errors that explain it count.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from urllib.parse import unquote_to_bytes

MISSING, EMPTY, OTHER = "missing", "empty", "other"
MAX_FORMAT_ERRORS = 3  # of one value: "base64 of the quoted value with a newline" is the longest that occurs
LARGE = 64 * 1024  # bytes: of a larger value one format error is undone, as each combination takes a copy
SHORTEST_ENCODED = 8  # characters of base64 or hex
HEX = re.compile(rb"[0-9a-fA-F]+")
PERCENT_ENCODED = re.compile(rb"%[0-9a-fA-F]{2}")
NO_BREAK_SPACE, ZERO_WIDTH_SPACE = "\u00a0".encode(), "\u200b".encode()
LENGTHS = (16, 32, 64, 128, 1024)


@dataclass(frozen=True)
class FormatError:
    """One kind of format error. ``undo`` returns the value without it, or the value itself where it has none."""

    kind: str
    message: str
    undo: Callable[[bytes], bytes]


def _without_newline(value: bytes) -> bytes:
    return value.rstrip(b"\r\n")


def _without_quotes(value: bytes) -> bytes:
    quoted = len(value) >= 2 and value[:1] in (b'"', b"'") and value[:1] == value[-1:]
    return value[1:-1] if quoted else value


def _decoded(value: bytes) -> bytes:
    packed = b"".join(value.split())  # the tool base64 breaks lines
    if len(packed) < SHORTEST_ENCODED:
        return value
    try:
        return base64.b64decode(packed, validate=True)
    except binascii.Error:
        return value


def _from_hex(value: bytes) -> bytes:
    digits = value.strip()
    is_hex = len(digits) >= SHORTEST_ENCODED and len(digits) % 2 == 0 and HEX.fullmatch(digits)
    return bytes.fromhex(digits.decode()) if is_hex else value


def _from_utf16(value: bytes) -> bytes:
    """With a byte order mark, or without one where it is ASCII."""
    if value.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(value) % 2 == 0 and 0 in (any(value[1::2]), any(value[::2])):
        encoding = "utf-16-be" if any(value[1::2]) else "utf-16-le"
    else:
        return value
    try:
        return value.decode(encoding).encode()
    except UnicodeError:
        return value


def _from_url(value: bytes) -> bytes:
    return unquote_to_bytes(value) if PERCENT_ENCODED.search(value) else value


def _without_escapes(value: bytes) -> bytes:
    return value.replace(b"\\r\\n", b"\n").replace(b"\\n", b"\n")


FORMAT_ERRORS = (
    FormatError("trailing_newline", "ends with a newline", _without_newline),
    FormatError("surrounding_whitespace", "has whitespace around it", bytes.strip),
    FormatError("quotes", "has quotes around it", _without_quotes),
    FormatError("base64", "is base64-encoded once more", _decoded),
    FormatError("hex", "is hex-encoded once more", _from_hex),
    FormatError("url", "is URL-encoded", _from_url),
    FormatError("utf16", "is UTF-16-encoded", _from_utf16),
    FormatError("bom", "starts with a byte order mark", lambda value: value.removeprefix(codecs.BOM_UTF8)),
    FormatError("escaped_newline", "has \\n instead of a newline", _without_escapes),
    FormatError("no_break_space", "has a no-break space", lambda value: value.replace(NO_BREAK_SPACE, b" ")),
    FormatError("zero_width_space", "has an invisible zero-width space", lambda value: value.replace(ZERO_WIDTH_SPACE, b"")),
    FormatError("crlf", "has Windows line endings", lambda value: value.replace(b"\r\n", b"\n")),
    FormatError("case", "differs in case", bytes.lower),
)
MESSAGES = {error.kind: error.message for error in FORMAT_ERRORS}


@dataclass(frozen=True)
class Difference:
    """How two values differ: the format errors of each side, or one of missing, empty, other."""

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
    forms_left, forms_right = _normalized_forms(left), _normalized_forms(right)
    common = [(forms_left[value], forms_right[value]) for value in forms_left.keys() & forms_right.keys() if value.strip()]
    if not common:
        return Difference((OTHER,))
    fewest = min(common, key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
    return Difference(tuple(sorted({*fewest[0], *fewest[1]})), *fewest)


def message_of(difference: Difference, left: str, right: str) -> str:
    """The difference as a sentence; ``left`` and ``right`` name the locations."""
    if difference.kinds == (MISSING,):
        return f"{left} or {right} has no value."
    if difference.kinds == (EMPTY,):
        return f"{left} or {right} is empty."
    if difference.kinds == (OTHER,):
        return f"{left} and {right} have different values."
    others = ", and ".join(filter(None, [_format_errors(left, difference.left), _format_errors(right, difference.right)]))
    if "case" in difference.kinds:
        return f"{left} and {right} differ in upper and lower case" + (f"; also, {others}." if others else ".")
    return f"{others}."


def length_class(value: bytes | None) -> str:
    """The class of a value's length: too coarse to help guess it."""
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


def _format_errors(label: str, kinds: tuple[str, ...]) -> str:
    messages = [MESSAGES[kind] for kind in kinds if kind != "case"]
    return f"{label} {' and '.join(messages)}" if messages else ""


def _normalized_forms(value: bytes) -> dict[bytes, tuple[str, ...]]:
    """Every value that is left after undoing format errors, with the fewest that lead to it."""
    forms: dict[bytes, tuple[str, ...]] = {value: ()}
    newest = [value]
    for _round in range(MAX_FORMAT_ERRORS if len(value) <= LARGE else 1):
        added = []
        for current, error in product(newest, FORMAT_ERRORS):
            without = error.undo(current)
            if without not in forms:
                forms[without] = (*forms[current], error.kind)
                added.append(without)
        newest = added
    return forms
