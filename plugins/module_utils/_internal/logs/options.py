# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of pod_logs_info."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import RunbookError
from ..workloads.model import WORKLOAD_KINDS, Workload

MAX_LINES = 2000
WORKLOAD = {"kind": {"type": "str", "choices": list(WORKLOAD_KINDS), "required": True}, "name": {"type": "str", "required": True}}

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "workloads": {"type": "list", "elements": "dict", "options": WORKLOAD},
    "label_selector": {"type": "str"},
    "container": {"type": "str"},
    "previous": {"type": "bool", "default": False},
    "lines": {"type": "int", "default": 50},
    "since_seconds": {"type": "int"},
    "pattern": {"type": "str"},
}
RULES = {"mutually_exclusive": [("workloads", "label_selector")], "required_one_of": [("workloads", "label_selector")]}


@dataclass(frozen=True)
class LogOptions:
    """``container``: None for the application's own; ``pattern``: None for all lines; ``connection``: options of kubectl, for the commands."""

    namespace: str
    workloads: tuple[Workload, ...] = ()
    label_selector: str | None = None
    container: str | None = None
    previous: bool = False
    lines: int = 50
    since_seconds: int | None = None
    pattern: re.Pattern | None = None
    connection: tuple[str, ...] = ()

    @classmethod
    def of(cls, params: dict) -> LogOptions:
        """From the module's parameters. Raises RunbookError for values that are not usable."""
        if not 1 <= params["lines"] <= MAX_LINES:
            raise RunbookError(f"lines must be from 1 to {MAX_LINES}, got {params['lines']}.")
        if params["since_seconds"] is not None and params["since_seconds"] < 1:
            raise RunbookError(f"since_seconds must be at least 1, got {params['since_seconds']}.")
        if params["workloads"] is not None and not params["workloads"]:
            raise RunbookError("workloads must not be empty. Name at least one workload, for example {kind: Deployment, name: backend-api}.")
        workloads = tuple(Workload(item["kind"], item["name"]) for item in params["workloads"] or ())
        names = ("namespace", "label_selector", "container", "previous", "lines", "since_seconds")
        return cls(
            workloads=workloads, pattern=_pattern(params["pattern"]), connection=_connection(params), **{name: params[name] for name in names}
        )


def _pattern(text: str | None) -> re.Pattern | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        where = f" at character {error.pos + 1}" if error.pos is not None else ""
        raise RunbookError(f"pattern is not a valid regular expression: {error.msg}{where}. Escape special characters with a backslash.") from error


def _connection(params: dict) -> tuple[str, ...]:
    """The options of kubectl that reach the same cluster, of those that are no secret."""
    given = {name: params.get(name) for name in ("kubeconfig", "context")}
    return tuple(f"--{name}={value}" for name, value in given.items() if value and isinstance(value, str))
