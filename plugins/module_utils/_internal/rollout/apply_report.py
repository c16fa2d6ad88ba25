# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results of the modules manifests and manifests_info as messages. Pure."""

from __future__ import annotations

from .refusal_fixes import fix_for

WORDS = {"create": "created", "change": "changed"}


def changes(result: dict) -> list[str]:
    """A line for each object that was created or changed."""
    return [f"{_name(entry)}: {WORDS[entry['action']]}" for entry in _objects(result) if entry["action"] in WORDS]


def refusals(result: dict, failed: dict) -> list[str]:
    """A sentence for each object that the API server refuses, and what the ``failed`` apply had already changed, if anything."""
    messages = [f"{_name(entry)} cannot be applied: {_reason(entry)}" for entry in _objects(result) if entry["action"] == "refused"]
    done = [_name(entry) for entry in _objects(failed) if entry["action"] in WORDS]
    return [*messages, f"Already applied: {', '.join(done)}."] if messages and done else messages


def _objects(result: dict) -> list[dict]:
    return result.get("objects") or []


def _name(entry: dict) -> str:
    place = f" in namespace {entry['namespace']}" if entry.get("namespace") else ""
    return f"{entry['kind']} {entry['name']}{place}"


def _reason(entry: dict) -> str:
    """The API server's message, and what to do about it."""
    fix = fix_for(entry["kind"], entry["name"], entry.get("namespace") or "", entry["msg"])
    return f"{entry['msg'].rstrip('.')}. {fix}" if fix else entry["msg"]
