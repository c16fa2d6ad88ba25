# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts of others as they may be printed: logs, events, annotations, bodies of responses, messages. Pure.

A module's result may contain such texts anywhere, so both of its exits (RunbookModule, and in_process.py for Ansible's own process) end here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from .masking import masked, without_accounts

# Terminals obey control characters, and text that is read in another direction than it is written deceives. Tabs and newlines are harmless.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd-\uffff\ud800-\udfff]")
MAX_LINE = 4_000  # characters of one line of a result
MAX_TEXT = 64_000  # characters of one text of a result


def printable_result(result: dict, secrets: Iterable[str], data: Collection[str] = ()) -> dict:
    """A module's result without the secrets, with every text in it printable. ``data``: keys whose values are the input of a later task, and stay."""
    return {key: value if key in data else _printable(value) for key, value in masked(result, secrets).items()}


def printable_text(text: str) -> str:
    """A text without users and passwords of URLs, with control characters made visible, and of bounded length."""
    return middle_omitted("\n".join(visible_line(line, MAX_LINE) for line in without_accounts(text).split("\n")), MAX_TEXT)


def visible_line(line: str, longest: int) -> str:
    """A line with control characters made visible, and the number of characters that were cut off."""
    visible = CONTROL.sub(_escaped, line)
    return visible if len(visible) <= longest else f"{visible[:longest]} … ({len(visible) - longest} more characters)"


def middle_omitted(text: str, longest: int) -> str:
    """A text whose middle is omitted where it is longer: a message begins with what failed, and a log ends with why."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n… ({len(text) - 2 * half} characters omitted)\n{text[-half:]}"


def _printable(data):
    if isinstance(data, dict):
        return {key: _printable(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_printable(value) for value in data]
    return printable_text(data) if isinstance(data, str) else data


def _escaped(match: re.Match) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
