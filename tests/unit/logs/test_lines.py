# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last matching lines of a log, in bounded memory, printable and without credentials."""

from __future__ import annotations

import re

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.logs.lines import MAX_RAW, last_lines


def test_last_lines_across_pieces():
    pieces = [b"one\ntw", b"o\nthr", b"ee\nfour"]
    assert last_lines(pieces, 2) == (["three", "four"], 4)
    assert last_lines(pieces, 10) == (["one", "two", "three", "four"], 4)
    assert last_lines([], 2) == ([], 0)


def test_pattern():
    pieces = [b"DUPLICATE 1\nother\n", b"a DUPLICATE 2\nx DUPLICATE 3\n"]
    assert last_lines(pieces, 2, re.compile("DUPLICATE")) == (["a DUPLICATE 2", "x DUPLICATE 3"], 3)
    assert last_lines(pieces, 2, re.compile("^DUPLICATE")) == (["DUPLICATE 1"], 1)


def test_a_line_without_an_end_is_cut():
    pieces = [b"x" * 1000 for _number in range(1000)]
    (line,), count = last_lines([*pieces, b"\nlast"], 1)
    assert (line, count) == ("last", 2)
    lines, _count = last_lines(pieces, 5)
    assert len(lines) == 1 and lines[0].endswith(f"({MAX_RAW - 500} more characters)")


def test_colors_are_removed_before_the_search_and_other_control_characters_are_visible():
    assert last_lines([b"\x1b[31mERR\x1b[0mOR\x1b]0;title\x07\r\n"], 1, re.compile("^ERROR")) == (["ERROR\\x1b]0;title\\x07"], 1)


@pytest.mark.parametrize(("line", "shown"), [
    ("postgresql://u:word@db/x", "postgresql://***@db/x"),
    ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ********"),
    ("token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln and", "token ******** and"),
    ("BETTER_AUTH_SECRET=abcdefghijklmnop x", "BETTER_AUTH_SECRET=******** x"),
    ('{"password": "abcdefghijklmnop", "user": "me"}', '{"password": "********", "user": "me"}'),
    ("set-cookie: session.token=abcdefghijklmnop; Path=/", "set-cookie: ********; Path=/"),
    ("password: wrong", "password: wrong"), ("secret: missing", "secret: missing"), ("the token has expired", "the token has expired"),
])  # fmt: skip
def test_credentials_are_masked(line, shown):
    assert last_lines([line.encode()], 1) == ([shown], 1)


def test_a_long_line_of_words_is_masked_in_time():
    """In linear time: a quadratic search of such a line takes minutes."""
    line = "token" * (MAX_RAW // 5)
    assert last_lines([line.encode()], 1)[0][0].startswith("tokentoken")
