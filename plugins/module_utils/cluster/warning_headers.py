# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The warnings that the API server sends with an answer, as kubectl shows them. Pure."""

from __future__ import annotations

import re

WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')  # 299 - "text", quotes and backslashes in it escaped


def warnings_of(headers: list[str]) -> list[str]:
    """The texts of all headers ``Warning`` of an answer, as Python's HTTP client hands them over: each byte a character."""
    texts = [text for header in headers for text in WARNING.findall(header)]
    return [re.sub(r"\\(.)", r"\1", text).encode("latin-1").decode(errors="replace") for text in texts]
