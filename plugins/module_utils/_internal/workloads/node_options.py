# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The flags of NODE_OPTIONS that decide how Node.js connects, and how they are merged into a value. Pure."""

from __future__ import annotations

import re

VARIABLE = "NODE_OPTIONS"  # Node.js reads flags from it
SELECTION = re.compile(r"--(no-)?(enable-)?network-family-autoselection(-attempt-timeout(=\S*)?)?|--dns-result-order=\S+")
# As Node.js splits the value: by spaces that are not between double quotes, in which a backslash escapes.
WORD = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^\s"])+')


def selection_flags(value: str) -> list[str]:
    """The flags for connections in a value of NODE_OPTIONS."""
    return [word for word in WORD.findall(value) if SELECTION.fullmatch(word)]


def other_flags(value: str) -> list[str]:
    """All the others."""
    return [word for word in WORD.findall(value) if not SELECTION.fullmatch(word)]


def with_selection(value: str, flags: tuple[str, ...]) -> str:
    """The value with these flags for connections instead of those that it has; everything else stays in its order."""
    return " ".join([*other_flags(value), *flags])
