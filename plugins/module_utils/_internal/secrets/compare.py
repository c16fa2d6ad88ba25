# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether several locations have the same value: the result of secret_compare. Pure, and never a value."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..clients.secret_refs.differences import MISSING, Difference, difference_of, length_class, message_of
from ..clients.secret_refs.observe import LocatedValue

EQUAL, DIFFERENT, UNKNOWN = "equal", "different", "unknown"
PRESENT = "present"
NO_VALUES: Mapping[bytes, str] = MappingProxyType({})


def compare(values: list[LocatedValue], not_required: set[int], former: Mapping[bytes, str] = NO_VALUES) -> dict:
    """The module's result.

    ``not_required``: the entries of the option where the value may be missing; ``former``: former values, and where each one is kept.
    """
    reference = next((one for one in values if one.value is not None), None)
    groups: dict[bytes, int] = {}
    for one in values:
        if one.value is not None:
            groups.setdefault(one.value, len(groups) + 1)
    differences = _differences(values, reference, not_required, former)
    verdict = _verdict(values, reference, differences)
    return {
        "equal": verdict == EQUAL,
        "verdict": verdict,
        "reference": reference.label if reference else None,
        "locations": [_location(one, groups, former) for one in values],
        "differences": differences,
    }


def _differences(
    values: list[LocatedValue], reference: LocatedValue | None, not_required: set[int], former: Mapping[bytes, str]
) -> list[dict]:
    if reference is None:
        return []
    differences = []
    for one in values:
        if one.unknown or (one.value is None and one.index in not_required):
            continue
        difference = difference_of(reference.value, one.value)
        if difference:
            message = _message(difference, reference, one, former.get(one.value or b""))
            differences.append({"location": one.label, "kinds": list(difference.kinds), "message": message})
    return differences


def _message(difference: Difference, reference: LocatedValue, other: LocatedValue, former: str | None) -> str:
    if difference.kinds == (MISSING,):
        return f"{other.label} has no value."
    message = message_of(difference, reference.label, other.label)
    return f"{message} The value of {other.label} is kept in {former}." if former else message


def _verdict(values: list[LocatedValue], reference: LocatedValue | None, differences: list[dict]) -> str:
    if differences:
        return DIFFERENT
    if any(one.unknown for one in values):
        return UNKNOWN
    return EQUAL if reference else MISSING


def _location(one: LocatedValue, groups: dict[bytes, int], former: Mapping[bytes, str]) -> dict:
    state = UNKNOWN if one.unknown else MISSING if one.value is None else PRESENT
    length = UNKNOWN if one.unknown else length_class(one.value)
    reported = {"index": one.index, "location": one.label, "state": state, "length": length}
    if one.value is not None:
        reported["group"] = groups[one.value]
    if one.value is not None and one.value in former:
        reported["former"] = former[one.value]
    if one.unknown:
        reported["reason"] = one.unknown
    return reported
