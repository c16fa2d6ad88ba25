# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which objects an apply would create or change: the stored object against the API server's answer to a dry run. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

CREATE, CHANGE, UNCHANGED, REFUSED = "create", "change", "unchanged", "refused"
DELETING = "Deleting"  # our reason code for an object that is being deleted; all others are the API server's
SERVER_FIELDS = ("resourceVersion", "generation", "managedFields")


@dataclass(frozen=True)
class DryRun:
    """An object as requested, as stored (None if it does not exist), and as after the apply, done or predicted.

    ``refusal``: the API server's message if it refuses the object, ``reason`` its reason code; ``after`` is None then.
    ``missing_namespace``, ``missing_kind``: the object would be created once that namespace or custom resource definition exists.
    """

    requested: dict
    before: dict | None
    after: dict | None
    refusal: str = ""
    missing_namespace: str = ""
    missing_kind: str = ""
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

    @property
    def data_changed(self) -> bool:
        """Whether the data of an existing ConfigMap changes, which running containers may have read."""
        if self.requested["kind"] != "ConfigMap" or self.before is None or self.after is None:
            return False
        return any(self.before.get(field) != self.after.get(field) for field in ("data", "binaryData"))


def object_name(obj: dict) -> str:
    """Kind and name of an object, with its namespace if it has one."""
    metadata = obj.get("metadata") or {}
    where = f" in namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{obj.get('kind')} {metadata.get('name')}{where}"


def assume_created(runs: list[DryRun]) -> list[DryRun]:
    """The dry runs, in which an object is created too that is refused for want of an earlier one: a Pod, for example, for its service account."""
    names: set[str] = set()
    assumed = []
    for run in runs:
        waits = run.reason in ("Forbidden", "NotFound") and any(_mentions(run, name) for name in names)
        run = DryRun(run.requested, run.before, run.requested) if waits else run
        names |= {run.requested["metadata"]["name"]} if run.action == CREATE else set()
        assumed.append(run)
    return assumed


def _mentions(run: DryRun, name: str) -> bool:
    own = run.requested["metadata"]["name"] == name
    return not own and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", run.refusal) is not None


def normalized(obj: dict | None) -> dict:
    """The part of an object that an apply determines: without the status, which controllers write, and without the times of field managers."""
    if obj is None:
        return {}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in SERVER_FIELDS}
    owners = [{key: value for key, value in entry.items() if key != "time"} for entry in obj["metadata"].get("managedFields") or []]
    owners = [entry for entry in owners if entry.get("subresource") != "status"]
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": metadata, "owners": sorted(owners, key=lambda entry: (entry.get("manager", ""), entry.get("operation", "")))}


def _template(obj: dict | None):
    return ((obj or {}).get("spec") or {}).get("template")
