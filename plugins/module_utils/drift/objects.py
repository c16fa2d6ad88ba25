# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What applying an object would change. Pure: the object as it is and as a dry run would leave it in, paths out."""

from __future__ import annotations

from collections.abc import Iterator

WRITTEN_BY_THE_SERVER = ("managedFields", "resourceVersion", "generation")
SHOWN = 3  # paths that a sentence names


def says(live: dict, applied: dict) -> str:
    """What the apply would do as a sentence without values, "" for nothing."""
    paths = list(differences(_comparable(live), _comparable(applied)))
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return f"differs in {', '.join(paths[:SHOWN])}{more}" if paths else ""


def differences(one, other, path: str = "") -> Iterator[str]:
    """The paths of all values that two objects do not share, as spec.template.spec.containers[0].image."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other)):
            yield from differences(*pair, f"{path}[{index}]")
    elif one != other:
        yield path


def _comparable(obj: dict) -> dict:
    """The object without its status, which controllers write at any time, and without the server's own bookkeeping."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in WRITTEN_BY_THE_SERVER}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}
