# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What kubernetes.core.k8s returns for a list of objects, in words. Pure."""

from __future__ import annotations

import json

NOISE = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")


def changes(result: dict, with_diff: bool) -> list[str]:
    """A line for each object that was made or changed; in diff mode what is different stands under it."""
    lines = []
    for entry in _entries(result):
        if entry.get("changed"):
            diff = entry.get("diff") or {}
            made = not diff.get("before", True)
            lines.append(f"{_name(entry.get('result') or {})}: {'made' if made else 'changed'}")
            lines += _diff_lines(diff) if with_diff else []
    return lines


def refusals(result: dict, objects: list[dict]) -> list[str]:
    """A sentence for each object that the API server refuses. ``objects``: what was applied, in the same order."""
    pairs = zip(objects, _entries(result))
    return [f"{_name(obj)} can't be applied: {_reason(entry['error'])}" for obj, entry in pairs if entry.get("error")]


def _entries(result: dict) -> list[dict]:
    """One entry an object: the module returns a single one without its list."""
    nested = result.get("result") or {}
    return nested["results"] if isinstance(nested.get("results"), list) else [result]


def _name(obj: dict) -> str:
    metadata = obj.get("metadata") or {}
    place = f" in namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{obj.get('kind')} {metadata.get('name')}{place}"


def _diff_lines(diff: dict) -> list[str]:
    sides = (("-", "before"), ("+", "after"))
    return [f"  {sign} {json.dumps(_quiet(diff[side]), sort_keys=True)}" for sign, side in sides if diff.get(side)]


def _quiet(side: dict) -> dict:
    metadata = {key: value for key, value in (side.get("metadata") or {}).items() if key not in NOISE}
    rest = {key: value for key, value in side.items() if key not in ("metadata", "status")}
    return {**rest, **({"metadata": metadata} if metadata else {})}


def _reason(error) -> str:
    """The API server's message out of the module's, and what to do about a conflict."""
    text = str(error.get("msg") if isinstance(error, dict) else error)
    start = text.find("{")
    try:
        status = json.JSONDecoder().raw_decode(text[start:])[0]
    except ValueError:
        return text
    if status.get("reason") != "Conflict":
        return status.get("message", text)
    return (
        f"{status.get('message')}. Remove the field from the manifest, or let whoever manages it give it up; "
        "rollout_force_conflicts: true takes it over."
    )
