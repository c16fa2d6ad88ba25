# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option ``database`` of every module that connects to one, as a typed object."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..secret_refs.options import Location
from .statements import Limits

DIRECT, PORT_FORWARD, POD = "direct", "port_forward", "pod"
ONE_OF = ["url", "secret", "workload"]
DATABASE = {
    "type": "dict",
    "required": True,
    "options": {
        "url": {"type": "str", "no_log": True},
        "secret": {"type": "str", "no_log": False},
        "key": {"type": "str", "no_log": False},
        "workload": {"type": "str"},
        "container": {"type": "str"},
        "env": {"type": "str", "default": "DATABASE_URL"},
        "via": {"type": "str", "choices": [DIRECT, PORT_FORWARD, POD]},
        "service": {"type": "str"},
        "connect_timeout": {"type": "int", "default": 10},
        "statement_timeout": {"type": "int", "default": 30},
        "lock_timeout": {"type": "int", "default": 5},
    },
    "mutually_exclusive": [ONE_OF],
    "required_one_of": [ONE_OF],
    "required_by": {"secret": ["key"], "container": ["workload"]},
}


@dataclass(frozen=True)
class DatabaseOptions:
    """Where the database's URL is, and how the database is reached. ``via`` is None where the URL decides."""

    url: str | None = field(default=None, repr=False)
    secret: str | None = None
    key: str | None = field(default=None, repr=False)
    workload: str | None = None
    container: str | None = None
    env: str = "DATABASE_URL"
    via: str | None = None
    service: str | None = None
    limits: Limits = Limits()

    @classmethod
    def of(cls, option: dict) -> DatabaseOptions:
        """An option that was checked by DATABASE."""
        limits = Limits(option["connect_timeout"], option["statement_timeout"], option["lock_timeout"])
        via = option["via"] or (POD if option["workload"] else None)
        names = ("url", "secret", "key", "workload", "container", "env", "service")
        return cls(**{name: option[name] for name in names}, via=via, limits=limits)

    @property
    def location(self) -> Location:
        """Where the URL is read from, unless it is given."""
        if self.workload:
            return Location(workload=self.workload, container=self.container, env=self.env)
        return Location(secret=self.secret, key=self.key or "")

    def origin(self, namespace: str) -> str:
        """Where the URL comes from, for messages."""
        if self.url is not None:
            return "database.url"
        if self.workload:
            return f"The variable {self.env} of {self.workload} in namespace {namespace}"
        return f"Secret {namespace}/{self.secret}, key {self.key},"
