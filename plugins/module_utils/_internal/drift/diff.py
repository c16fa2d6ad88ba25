# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an apply would change in an object, as a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..manifests.compare import CHANGE, CREATE, REFUSED, DryRun, normalized

MAX_PATHS = 3  # in a sentence


def message_of(run: DryRun) -> str:
    """What the apply would do, without values; "" for nothing."""
    if run.action == CHANGE:
        return _changes(run)
    return {CREATE: "does not exist", REFUSED: run.refusal}.get(run.action, "")


def _changes(run: DryRun) -> str:
    paths = list(differing_paths(normalized(run.before), normalized(run.after)))
    more = f" and {len(paths) - MAX_PATHS} more" if len(paths) > MAX_PATHS else ""
    return f"differs in {', '.join(paths[:MAX_PATHS])}{more}"


def differing_paths(one, other, path: str = "") -> Iterator[str]:
    """The paths of all values that differ between two objects, for example spec.template.spec.containers[0].image."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differing_paths(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other)):
            yield from differing_paths(*pair, f"{path}[{index}]")
    elif one != other:
        yield path
