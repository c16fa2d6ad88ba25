# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes secret values out of what is printed: out of the options that hold them, and out of texts. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

HIDDEN = "<hidden>"  # stands for a secret in an option
MASK = "********"  # stands for a secret in a text
SHORTEST_HIDDEN = 8  # characters; hiding a shorter value would black out words of the result, and no message holds one anyway


def printed_forms(values: Iterable[str | bytes]) -> set[str]:
    """The forms in which messages may hold the values: as they are, stripped, and in base64. Ones too short to be a secret are let pass."""
    raw = {value.encode(errors="surrogateescape") if isinstance(value, str) else value for value in values}
    long = {form for value in raw for form in (value, value.strip()) if len(form.strip()) >= SHORTEST_HIDDEN}
    return {form.decode(errors="replace") for form in long} | {base64.b64encode(form).decode() for form in long}


def masked(data, values: Iterable[str]):
    """Plain data with every value masked in its texts and numbers. The keys of mappings stay: they are names."""
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


def taken_out(given, shown) -> Iterator[str]:
    """The texts of ``given`` that are not in ``shown``, which is the same data with HIDDEN in the place of secrets."""
    if isinstance(given, dict) and isinstance(shown, dict):
        for key, value in given.items():
            yield from taken_out(value, shown.get(key))
    elif isinstance(given, list) and isinstance(shown, list):
        for value, rest in zip(given, shown, strict=True):
            yield from taken_out(value, rest)
    elif given != shown:
        yield from texts(given)


def texts(data) -> Iterator[str]:
    """Every value in plain data as text."""
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for value in data:
            yield from texts(value)
    elif data is not None:
        yield str(data)
