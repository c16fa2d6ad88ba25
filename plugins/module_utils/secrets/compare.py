# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the same value stands in several places: what is reported of them. Pure, and never a value."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.differences import (
    MISSING,
    Difference,
    difference_of,
    length_class,
    sentence_of,
)
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.observe import Found

EQUAL, DIFFERENT, UNKNOWN = "equal", "different", "unknown"
PRESENT = "present"


def compared(found: list[Found], optional: set[int]) -> dict:
    """The module's result. ``optional``: the entries of the option that may lack the value."""
    reference = next((one for one in found if one.value is not None), None)
    groups: dict[bytes, int] = {}
    for one in found:
        if one.value is not None:
            groups.setdefault(one.value, len(groups) + 1)
    differences = _differences(found, reference, optional)
    verdict = _verdict(found, reference, differences)
    return {
        "equal": verdict == EQUAL,
        "verdict": verdict,
        "reference": reference.label if reference else None,
        "places": [_place(one, groups) for one in found],
        "differences": differences,
    }


def _differences(found: list[Found], reference: Found | None, optional: set[int]) -> list[dict]:
    if reference is None:
        return []
    told = []
    for one in found:
        if one.unknown or (one.value is None and one.index in optional):
            continue
        difference = difference_of(reference.value, one.value)
        if difference:
            told.append({"place": one.label, "kinds": list(difference.kinds), "says": _sentence(difference, reference, one)})
    return told


def _sentence(difference: Difference, reference: Found, other: Found) -> str:
    if difference.kinds == (MISSING,):
        return f"{other.label} has no value."
    return sentence_of(difference, reference.label, other.label)


def _verdict(found: list[Found], reference: Found | None, differences: list[dict]) -> str:
    if differences:
        return DIFFERENT
    if any(one.unknown for one in found):
        return UNKNOWN
    return EQUAL if reference else MISSING


def _place(one: Found, groups: dict[bytes, int]) -> dict:
    state = UNKNOWN if one.unknown else MISSING if one.value is None else PRESENT
    told = {"entry": one.index, "place": one.label, "state": state, "length": UNKNOWN if one.unknown else length_class(one.value)}
    if one.value is not None:
        told["group"] = groups[one.value]
    if one.unknown:
        told["reason"] = one.unknown
    return told
