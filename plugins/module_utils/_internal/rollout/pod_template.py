# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of a pod template: images and environment. Pure: a template in, a new one out."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from ..clients.cluster.field_managers import RESTARTED_AT
from ..errors import RunbookError

ALL = "*"
SHOWN = ("image",)  # other values may be secrets


def with_images(template: dict, images: Mapping[str, str], where: str) -> dict:
    """The template with other images. ``images``: container to reference, ``*`` for those not named. Raises RunbookError."""
    changed = copy.deepcopy(template)
    for name, reference in images.items():
        if not isinstance(reference, str) or not reference.strip():
            raise RunbookError(f"{where}.images: {name} needs an image reference.")
    for container in _chosen(changed, images, f"{where}.images"):
        container["image"] = images.get(container["name"], images.get(ALL))
    return changed


def with_env(template: dict, env: Mapping, where: str) -> dict:
    """The template with other environment variables. ``env``: container, or ``*``, to {name: value or None}, or that mapping alone."""
    changed = copy.deepcopy(template)
    by_container = _by_container(env, where)
    for container in _chosen(changed, by_container, f"{where}.env"):
        values = {**by_container.get(ALL, {}), **by_container.get(container["name"], {})}
        entries = _merged_env(container.get("env") or [], values)
        if entries or "env" in container:
            container["env"] = entries
        if not entries:
            container.pop("env", None)
    return changed


def differences(before, after, path: str = "") -> list[tuple[str, str, str]]:
    """What differs, as (path, before, after). Values are shown for images only, as others may be secrets."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        return [item for key in keys for item in differences(before.get(key), after.get(key), f"{path}.{key}" if path else key)]
    if _is_named(before) and _is_named(after):
        return _named_differences(before, after, path)
    shown = path.rpartition(".")[2] in SHOWN
    return [(path, _masked(before, shown, "a value"), _masked(after, shown, "a value" if before is None else "another value"))]


def change_text(path: str, new: str) -> str:
    """A difference as a step: only an image is shown with its value."""
    return f"set {path.removeprefix('spec.')}{f' to {new}' if path.endswith('.image') else ''}"


def template_changes(before: dict, after: dict) -> list[str]:
    """What differs between two pod templates, as steps. The annotation that restarts the pods is a restart."""
    changes = differences(_with_annotations(before), _with_annotations(after))
    return ["restart" if path.endswith(RESTARTED_AT) else change_text(path, new) for path, _old, new in changes]


def _with_annotations(template: dict) -> dict:
    """A template with annotations, none in it: otherwise the first one would be a difference of all of them."""
    metadata = template.get("metadata") or {}
    return {**template, "metadata": {**metadata, "annotations": metadata.get("annotations") or {}}}


def _named_differences(before: list, after: list, path: str) -> list[tuple[str, str, str]]:
    old, new = ({item["name"]: item for item in items} for items in (before, after))
    if old == new:
        return [(path, "(an order)", "(another order)")]
    return [item for name in {**old, **new} for item in differences(old.get(name), new.get(name), f"{path}[{name}]")]


def _masked(value, shown: bool, otherwise: str) -> str:
    if value is None:
        return "(none)"
    return str(value) if shown else f"({otherwise})"


def _is_named(value) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "name" in item for item in value)


def _containers(template: dict) -> list[dict]:
    spec = template["spec"]
    return [*(spec.get("initContainers") or []), *spec["containers"]]


def _chosen(template: dict, named: Mapping, where: str) -> list[dict]:
    """The containers that are named, or all of them for ``*``. Raises RunbookError for an unknown name."""
    containers = _containers(template)
    names = [container["name"] for container in containers]
    unknown = next((name for name in named if name != ALL and name not in names), None)
    if unknown is not None:
        raise RunbookError(f"{where}: there is no container {unknown}. Existing: {', '.join(names)}.")
    return [container for container in containers if ALL in named or container["name"] in named]


def _by_container(env: Mapping, where: str) -> dict[str, dict]:
    """The option env in its long form."""
    flat = {name: value for name, value in env.items() if not isinstance(value, dict)}
    named = {name: value for name, value in env.items() if isinstance(value, dict)}
    if flat and ALL in named:
        raise RunbookError(f"{where}.env: sets variables for all containers twice, under * and without a container name. Use one of the two forms.")
    both = {**({ALL: flat} if flat else {}), **named}
    return {container: {name: _text(value, f"{where}.env", name) for name, value in variables.items()} for container, variables in both.items()}


def _text(value, where: str, name: str) -> str | None:
    if isinstance(value, (bool, list, dict, float)):
        raise RunbookError(f"{where}: {name} must be a string. Quote the value, or set null to remove the variable.")
    return None if value is None else str(value)


def _merged_env(entries: list[dict], values: dict[str, str | None]) -> list[dict]:
    """The entries in their order, as variables may refer to earlier ones; new ones at the end."""
    remaining = [_entry(entry, values) for entry in entries if values.get(entry["name"], "") is not None]
    known = {entry["name"] for entry in entries}
    return remaining + [{"name": name, "value": value} for name, value in values.items() if value is not None and name not in known]


def _entry(entry: dict, values: dict) -> dict:
    """An entry with its new value. The API server omits an empty value."""
    if entry["name"] not in values or ("valueFrom" not in entry and entry.get("value", "") == values[entry["name"]]):
        return entry
    return {"name": entry["name"], "value": values[entry["name"]]}
