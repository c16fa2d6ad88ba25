# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one value at a location, which may be read from several containers."""

from __future__ import annotations

from ...errors import NOTHING_CHANGED, RunbookError
from .observe import LocatedValue


def value_of(values: list[LocatedValue], option: str) -> bytes:
    """The value. Raises RunbookError, which begins with ``option``, where it is unknown, missing or ambiguous. Pure."""
    unknown = next((one for one in values if one.unknown), None)
    if unknown:
        raise RunbookError(f"{option}: the value of {unknown.label} could not be read: {unknown.unknown}. {NOTHING_CHANGED}")
    missing = next((one for one in values if not one.value), None)
    if missing:
        raise RunbookError(f"{option}: {missing.label} has no value, or an empty one. {NOTHING_CHANGED}")
    if len({one.value for one in values}) > 1:
        labels = ", ".join(one.label for one in values)
        raise RunbookError(f"{option}: these locations have different values: {labels}. Name only the correct one. {NOTHING_CHANGED}")
    return values[0].value or b""


def text_of(values: list[LocatedValue], option: str) -> str:
    """The value as text. Raises RunbookError as value_of, and where it is not UTF-8. Pure."""
    try:
        return value_of(values, option).decode()
    except UnicodeDecodeError as error:
        raise RunbookError(f"{option}: the value of {values[0].label} is not valid UTF-8. {NOTHING_CHANGED}") from error
