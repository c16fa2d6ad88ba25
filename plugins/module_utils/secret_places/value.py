# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one value that was found in a place, which may stand in several containers."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.observe import Found


def value_of(found: list[Found], option: str) -> bytes:
    """The value. Raises RunbookError, which begins with ``option``, where it is not one certain value. Pure."""
    unknown = next((one for one in found if one.unknown), None)
    if unknown:
        raise RunbookError(f"{option}: the value of {unknown.label} is not known: {unknown.unknown}. Nothing was changed.")
    missing = next((one for one in found if not one.value), None)
    if missing:
        raise RunbookError(f"{option}: {missing.label} has no value, or an empty one. Nothing was changed.")
    if len({one.value for one in found}) > 1:
        places = ", ".join(one.label for one in found)
        raise RunbookError(f"{option}: these places hold different values: {places}. Name the right one alone. Nothing was changed.")
    return found[0].value


def text_of(found: list[Found], option: str) -> str:
    """The value as text. Raises RunbookError where it is none, or not one certain value. Pure."""
    try:
        return value_of(found, option).decode()
    except UnicodeDecodeError as error:
        raise RunbookError(f"{option}: what {found[0].label} holds is no text. Nothing was changed.") from error
