# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps secret values out of the output: replaces them in options and in texts. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

HIDDEN = "<hidden>"  # stands for a secret in an option
MASK = "********"  # stands for a secret in a text
MIN_LENGTH = 8  # characters; masking a shorter value would mask ordinary words of the result, and no message contains one anyway

# User and password of a URL. In that of a database the password may contain what ends them elsewhere.
ACCOUNT = re.compile(r"(\b(?:postgres|mysql|mariadb|mongodb|redis|amqp)[\w+.-]*://)[^\s\"'`<>]*@|(?<=://)[^\s/?#\"'`<>]*@")

# Bearer tokens, JSON Web Tokens, and the values after words as password= in a log.
TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?<=\bbearer )\S{8,}", re.IGNORECASE)
ASSIGNED = re.compile(r"((?:password|passwd|secret|token|api[_-]?key|cookie)\w{0,40}[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&*]{12,}", re.IGNORECASE)


def without_accounts(text: str) -> str:
    """A text without the user and the password of every URL in it."""
    return ACCOUNT.sub(lambda match: f"{match[1] or ''}***@", text)


def without_credentials(text: str) -> str:
    """A text without what looks like a credential: accounts of URLs, tokens, and long values that are assigned to a password or the like."""
    return ASSIGNED.sub(rf"\g<1>{MASK}", TOKEN.sub(MASK, without_accounts(text)))


def printed_forms(values: Iterable[str | bytes]) -> set[str]:
    """The forms in which messages may contain the values: unchanged, stripped, and in base64. Values shorter than MIN_LENGTH are left out."""
    raw = {value.encode(errors="surrogateescape") if isinstance(value, str) else value for value in values}
    long = {form for value in raw for form in (value, value.strip()) if len(form.strip()) >= MIN_LENGTH}
    return {form.decode(errors="replace") for form in long} | {base64.b64encode(form).decode() for form in long}


def masked(data, values: Iterable[str]):
    """Plain data with every value masked in its texts and numbers. Keys of mappings are names and stay."""
    return _masked(data, sorted(filter(None, values), key=len, reverse=True))  # a value may be part of a longer one


def _masked(data, values: list[str]):
    if isinstance(data, dict):
        return {key: _masked(value, values) for key, value in data.items()}
    if isinstance(data, (list, tuple, set, frozenset)):
        return [_masked(value, values) for value in data]
    if isinstance(data, str):
        return _masked_text(data, values)
    if isinstance(data, (int, float)) and not isinstance(data, bool) and str(data) in values:
        return MASK
    return data


def _masked_text(text: str, values: list[str]) -> str:
    for value in values:
        text = text.replace(value, MASK)
    return text


def hidden_texts(data, redacted) -> Iterator[str]:
    """The texts of ``data`` that are not in ``redacted``, which is the same data with HIDDEN in place of secrets."""
    if isinstance(data, dict) and isinstance(redacted, dict):
        for key, value in data.items():
            yield from hidden_texts(value, redacted.get(key))
    elif isinstance(data, list) and isinstance(redacted, list):
        for value, rest in zip(data, redacted, strict=True):
            yield from hidden_texts(value, rest)
    elif data != redacted:
        yield from texts(data)


def texts(data) -> Iterator[str]:
    """Every value in plain data as text."""
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for value in data:
            yield from texts(value)
    elif data is not None:
        yield str(data)
