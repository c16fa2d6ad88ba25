# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How two values differ in kind."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.differences import (
    Difference,
    difference_of,
    length_class,
    message_of,
)

SECRET = b"kZ3vQ8wT1yLm5nXb7RcD"


@pytest.mark.parametrize(
    ("other", "kinds"),
    [
        (None, ("missing",)),
        (b"", ("empty",)),
        (b" \n", ("empty",)),
        (SECRET + b"\n", ("trailing_newline",)),
        (SECRET + b"\r\n", ("trailing_newline",)),
        (b" " + SECRET, ("surrounding_whitespace",)),
        (b'"' + SECRET + b'"', ("quotes",)),
        (b"'" + SECRET + b"'", ("quotes",)),
        (base64.b64encode(SECRET), ("base64",)),
        (base64.b64encode(SECRET) + b"\n", ("base64",)),
        (base64.b64encode(SECRET + b"\n"), ("base64", "trailing_newline")),
        (base64.b64encode(b'"' + SECRET + b'"\n'), ("base64", "quotes", "trailing_newline")),
        (base64.b64encode(base64.b64encode(SECRET)), ("base64",)),
        (SECRET.upper(), ("case",)),
        (SECRET.swapcase() + b"\n", ("case", "trailing_newline")),
        (SECRET.hex().encode(), ("hex",)),
        (SECRET.hex().upper().encode() + b"\n", ("hex",)),
        ((SECRET + b"\n").hex().encode(), ("hex", "trailing_newline")),
        (base64.b64encode(SECRET.hex().encode()), ("base64", "hex")),
        (b"\xef\xbb\xbf" + SECRET, ("bom",)),
        (SECRET.decode().encode("utf-16"), ("utf16",)),
        (SECRET.decode().encode("utf-16-le"), ("utf16",)),
        (SECRET.decode().encode("utf-16-be"), ("utf16",)),
        (b"\xfe\xff" + (SECRET.decode() + "\r\n").encode("utf-16-be"), ("trailing_newline", "utf16")),
        (SECRET + b"\\n", ("escaped_newline", "trailing_newline")),
        (SECRET + b"\xc2\xa0", ("no_break_space", "surrounding_whitespace")),
        (SECRET[:5] + "\u200b".encode() + SECRET[5:], ("zero_width_space",)),
        (SECRET + b"x", ("other",)),
        (b"\xff\xfe\x00", ("other",)),
        (b"\xff\xfe\x00\xd8", ("other",)),
        (b"\xff\x00\xfe", ("other",)),
    ],
)
def test_kinds(other, kinds):
    assert difference_of(SECRET, other).kinds == kinds
    assert difference_of(other, SECRET).kinds == kinds


def test_equal_values_do_not_differ():
    assert difference_of(SECRET, SECRET) is None
    assert difference_of(b"\xff\x00", b"\xff\x00") is None
    assert difference_of(None, None) is None


def test_line_ends():
    assert difference_of(b"a: 1\r\nb: 2\r\nc", b"a: 1\nb: 2\nc").kinds == ("crlf",)


@pytest.mark.parametrize(
    ("right", "other", "kinds"),
    [
        (b"a+b/c=d e", b"a%2Bb%2Fc%3Dd%20e", ("url",)),
        (b"100%zzz", b"100%25zzz", ("url",)),
        (b"-----BEGIN-----\nline\n-----END-----", b"-----BEGIN-----\\nline\\n-----END-----", ("escaped_newline",)),
        (b"four words in one", b"four words in\xc2\xa0one", ("no_break_space",)),
        (b"caf\xc3\xa9-secret", "caf\u00e9-secret".encode("utf-16"), ("utf16",)),
        (b"deadbeefdeadbeef", b"DEADBEEFDEADBEEF", ("case",)),
    ],
)
def test_ways_to_write_the_same(right, other, kinds):
    assert difference_of(right, other).kinds == kinds
    assert difference_of(other, right).kinds == kinds


def test_one_format_error_of_a_large_value_is_recognised():
    large = SECRET * 10_000
    assert difference_of(large, large + b"\n").kinds == ("trailing_newline",)
    assert difference_of(large, large.hex().encode()).kinds == ("hex",)
    assert difference_of(large, b'"' + large + b'"\n').kinds == ("other",)


def test_what_is_left_after_undoing_must_be_something():
    assert difference_of(b'""', b"''").kinds == ("other",)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (SECRET + b"\n", "B ends with a newline."),
        (base64.b64encode(b'"' + SECRET + b'"'), "B is base64-encoded once more and has quotes around it."),
        (SECRET.upper(), "A and B differ in upper and lower case."),
        (SECRET.upper() + b"\n", "A and B differ in upper and lower case; also, B ends with a newline."),
        (b"another value", "A and B have different values."),
        (b"", "A or B is empty."),
        (SECRET.hex().encode(), "B is hex-encoded once more."),
        (b"\xef\xbb\xbf" + SECRET, "B starts with a byte order mark."),
        (SECRET.decode().encode("utf-16"), "B is UTF-16-encoded."),
        (SECRET + b"\\n", "B has \\n instead of a newline and ends with a newline."),
    ],
)
def test_sentences(other, sentence):
    assert message_of(difference_of(SECRET, other), "A", "B") == sentence


def test_format_errors_on_both_sides_are_reported_for_each():
    found = difference_of(SECRET + b"\n", b'"' + SECRET + b'"')
    assert found == Difference(("quotes", "trailing_newline"), ("trailing_newline",), ("quotes",))
    assert message_of(found, "A", "B") == "A ends with a newline, and B has quotes around it."


@pytest.mark.parametrize(
    ("length", "words"), [(0, "empty"), (1, "1 to 15 bytes"), (15, "1 to 15 bytes"), (16, "16 to 31 bytes"), (32, "32 to 63 bytes"),
                          (1023, "128 to 1023 bytes"), (1024, "1024 bytes or more")],
)  # fmt: skip
def test_lengths_are_classes(length, words):
    assert length_class(b"x" * length) == words
    assert length_class(None) == "missing"
