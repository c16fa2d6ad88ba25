# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which objects an apply would create or change: the stored object against the API server's answer to a dry run. Pure."""

from __future__ import annotations

from dataclasses import dataclass

CREATE, CHANGE, UNCHANGED, REFUSED = "create", "change", "unchanged", "refused"
SERVER_FIELDS = ("resourceVersion", "generation", "managedFields")


@dataclass(frozen=True)
class DryRun:
    """An object as requested, as it is stored (None where it does not exist), and as an apply would leave it, or left it.

    ``refusal`` is the API server's message where it refuses the object, and ``reason`` its reason code; ``after`` is None then.
    ``missing_namespace``: the object would be created once that namespace exists.
    """

    requested: dict
    before: dict | None
    after: dict | None
    refusal: str = ""
    missing_namespace: str = ""
    reason: str = ""

    @property
    def action(self) -> str:
        """create, change, unchanged or refused."""
        if self.after is None:
            return REFUSED
        if self.before is None:
            return CREATE
        return UNCHANGED if normalized(self.before) == normalized(self.after) else CHANGE

    @property
    def rolling_update(self) -> bool:
        """Whether the pod template of an existing workload changes."""
        return self.action == CHANGE and _template(self.before) != _template(self.after)


def object_name(obj: dict) -> str:
    """Kind and name of an object, with its namespace if it has one."""
    metadata = obj.get("metadata") or {}
    where = f" in namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{obj.get('kind')} {metadata.get('name')}{where}"


def normalized(obj: dict | None) -> dict:
    """The part of an object that an apply decides: without the status, which controllers write, and without the times of field managers."""
    if obj is None:
        return {}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in SERVER_FIELDS}
    owners = [{key: value for key, value in entry.items() if key != "time"} for entry in obj["metadata"].get("managedFields") or []]
    owners = [entry for entry in owners if entry.get("subresource") != "status"]
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": metadata, "owners": sorted(owners, key=lambda entry: (entry.get("manager", ""), entry.get("operation", "")))}


def _template(obj: dict | None):
    return ((obj or {}).get("spec") or {}).get("template")
