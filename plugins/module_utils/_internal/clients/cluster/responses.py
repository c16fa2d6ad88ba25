# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parts of the API server's responses: the documents of a stream, and the warnings. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')  # 299 - "text", quotes and backslashes in it escaped


def warnings_of(headers: list[str]) -> list[str]:
    """The texts of all ``Warning`` headers of an answer, in which Python's HTTP client has decoded each byte as a character."""
    texts = [text for header in headers for text in WARNING.findall(header)]
    return [re.sub(r"\\(.)", r"\1", text).encode("latin-1").decode(errors="replace") for text in texts]


def json_lines(response) -> Iterator[dict]:
    """Splits a stream into JSON documents, one a line, as they arrive."""
    rest = b""
    for chunk in response.stream(amt=None, decode_content=False):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in filter(None, lines):
            yield json.loads(line)
