# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module rollout, which app_drift_info takes too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import RunbookError
from ..workloads.model import WORKLOAD_KINDS, WaitOptions, Workload

ROLLED_BACK = "rolled_back"
CHANGES = {"changed_secrets": "Secret", "changed_config_maps": "ConfigMap"}  # the options with what this run has changed, by kind

Source = tuple[str, str]  # kind (Secret or ConfigMap) and name

WORKLOAD = {
    "kind": {"type": "str", "required": True, "choices": list(WORKLOAD_KINDS)},
    "name": {"type": "str", "required": True},
    "dapr": {"type": "bool"},
    "images": {"type": "dict"},
    "env": {"type": "dict"},
    "replicas": {"type": "int"},
}

ARGUMENT_SPEC = {
    "workloads": {"type": "list", "elements": "dict", "required": True, "options": WORKLOAD},
    "namespace": {"type": "str", "default": "default"},
    "state": {"type": "str", "choices": ["complete", ROLLED_BACK], "default": "complete"},
    "to_revision": {"type": "int", "default": 0},
    "history": {"type": "bool", "default": False},
    "change_cause": {"type": "str", "default": ""},
    "force_conflicts": {"type": "bool", "default": False},
    "rollback_on_failure": {"type": "bool", "default": False},
    "restart": {"type": "str", "choices": ["never", "always", "if_stale"], "default": "never"},
    "changed_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},  # names, no values
    "changed_config_maps": {"type": "list", "elements": "str", "default": []},
    "image_ids": {"type": "dict", "default": {}},
    "timeout": {"type": "int", "default": 300},
    "log_lines": {"type": "int", "default": 20},
    **{name: {"type": "int", "default": default} for name, default in vars(WaitOptions()).items()},
}


@dataclass(frozen=True)
class WorkloadOptions:
    """One entry of the option workloads. None: not to be changed."""

    workload: Workload
    images: Mapping[str, str] | None = None
    env: Mapping | None = None
    replicas: int | None = None

    @property
    def has_changes(self) -> bool:
        """Whether the entry sets anything."""
        return any(value is not None for value in (self.images, self.env, self.replicas))


@dataclass(frozen=True)
class RolloutOptions:
    """The options of the module, checked."""

    workloads: tuple[WorkloadOptions, ...]
    namespace: str = "default"
    state: str = "complete"
    to_revision: int = 0
    history: bool = False
    change_cause: str = ""
    force_conflicts: bool = False
    rollback_on_failure: bool = False
    restart: str = "never"
    own_changes: frozenset[Source] = frozenset()  # Secrets and ConfigMaps that this run has changed
    image_ids: Mapping[str, str | None] = field(default_factory=dict)
    timeout: int = 300
    log_lines: int = 20
    wait: WaitOptions = field(default_factory=WaitOptions)

    @classmethod
    def of(cls, params: dict) -> RolloutOptions:
        """From the module's params. Raises RunbookError for options that contradict each other."""
        _check(params)
        own = {name: params[name] for name in ARGUMENT_SPEC if name not in ("workloads", *CHANGES, *vars(WaitOptions()))}
        wait = WaitOptions(**{name: params[name] for name in vars(WaitOptions())})
        changes = frozenset((kind, name) for option, kind in CHANGES.items() for name in params[option])
        return cls(workloads=_workloads_of(params["workloads"]), own_changes=changes, wait=wait, **own)

    @property
    def targets(self) -> tuple[Workload, ...]:
        """The workloads alone, in the order of the option."""
        return tuple(entry.workload for entry in self.workloads)

    @property
    def rolls_back(self) -> bool:
        """Whether the workloads are rolled back to a previous revision."""
        return self.state == ROLLED_BACK

    @property
    def records_revision(self) -> bool:
        """Whether the last good revision and the change cause are recorded on the workloads."""
        return self.rollback_on_failure or bool(self.change_cause)

    @property
    def with_history(self) -> bool:
        """Whether the revisions of all workloads are read."""
        return self.history or self.rolls_back or self.records_revision


def _workloads_of(entries: list[dict]) -> tuple[WorkloadOptions, ...]:
    workloads = tuple(
        WorkloadOptions(Workload(entry["kind"], entry["name"], entry.get("dapr")), entry.get("images"), entry.get("env"), entry.get("replicas"))
        for entry in entries
    )
    names = [str(entry.workload) for entry in workloads]
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate:
        raise RunbookError(f"The option workloads contains {duplicate} twice. Name it once.")
    return workloads


def _check(params: dict) -> None:
    unused = [name for name in ("image_ids", *CHANGES) if params[name] and params["restart"] != "if_stale"]
    if unused:
        raise RunbookError(f"The option {unused[0]} is only valid with restart: if_stale.")
    if params["state"] != ROLLED_BACK:
        if params["to_revision"]:
            raise RunbookError(f"The option to_revision is only valid with state: {ROLLED_BACK}.")
        return
    if params["restart"] != "never":
        raise RunbookError(f"state: {ROLLED_BACK} replaces the pods anyway: omit the option restart.")
    for index, entry in enumerate(params["workloads"]):
        if any(entry.get(name) is not None for name in ("images", "env")):
            reason = f"images and env come from the revision that state: {ROLLED_BACK} restores"
            raise RunbookError(f"workloads[{index}]: {reason}. Omit them.")
