# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results of the modules manifests and manifests_info as messages. Pure."""

from __future__ import annotations

WORDS = {"create": "created", "change": "changed"}
CONFLICT = "Remove the field from the manifest, or from its other manager; rollout_force_conflicts: true takes it over."


def changes(result: dict) -> list[str]:
    """A line for each object that was created or changed."""
    return [f"{_name(entry)}: {WORDS[entry['action']]}" for entry in _objects(result) if entry["action"] in WORDS]


def refusals(result: dict, failed: dict) -> list[str]:
    """A sentence for each object that the API server refuses, and what the ``failed`` apply had changed before, if anything."""
    messages = [f"{_name(entry)} cannot be applied: {_reason(entry)}" for entry in _objects(result) if entry["action"] == "refused"]
    done = [_name(entry) for entry in _objects(failed) if entry["action"] in WORDS]
    return [*messages, f"Applied before: {', '.join(done)}."] if messages and done else messages


def _objects(result: dict) -> list[dict]:
    return result.get("objects") or []


def _name(entry: dict) -> str:
    place = f" in namespace {entry['namespace']}" if entry.get("namespace") else ""
    return f"{entry['kind']} {entry['name']}{place}"


def _reason(entry: dict) -> str:
    """The API server's message, and what to do about a conflict."""
    return f"{entry['msg'].rstrip('.')}. {CONFLICT}" if entry.get("reason") == "Conflict" else entry["msg"]
