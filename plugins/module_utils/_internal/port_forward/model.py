# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A forward, and the record of the supervisor that serves one or several of them."""

from __future__ import annotations

import dataclasses
import ipaddress
from dataclasses import dataclass, field

VERSION = 1  # of the record


@dataclass(frozen=True)
class Forward:
    """From ``address``:``local_port`` of this host to a port of a Service. ``local_port`` 0: a free one.

    ``path``: that of the URL that shows whether it works, "" for only a connection; ``status``: its expected HTTP status, 0 for any below 400.
    """

    service: str
    namespace: str
    port: int
    address: str
    local_port: int
    path: str = ""
    status: int = 0

    @classmethod
    def from_dict(cls, data: dict) -> Forward:
        """From a record, which has more keys. Raises KeyError."""
        return cls(**{one.name: data[one.name] for one in dataclasses.fields(cls)})

    @property
    def target(self) -> str:
        """What it leads to."""
        return f"{self.namespace}/{self.service}:{self.port}"

    @property
    def local(self) -> str:
        """Where it listens."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.local_port or 'a free port'}"

    @property
    def client_address(self) -> str:
        """The address by which this host itself reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.address, self.address)

    @property
    def is_exposed(self) -> bool:
        """Whether other hosts reach it."""
        return not ipaddress.ip_address(self.address).is_loopback

    def __str__(self) -> str:
        return f"{self.local} -> {self.target}"


@dataclass(frozen=True)
class Status:
    """How a forward is, as its supervisor has last seen it. Times are ISO 8601 in UTC, "" for never.

    ``healthy``: None before the first check; ``since``: since when; ``reconnects``: how often it was healthy again after a problem;
    ``connections`` and ``failures``: those of clients.
    """

    forward: Forward
    healthy: bool | None = None
    problem: str = ""
    since: str = ""
    reconnects: int = 0
    connections: int = 0
    failures: int = 0

    @classmethod
    def from_dict(cls, data: dict) -> Status:
        """The inverse of to_dict(). Raises KeyError."""
        names = [one.name for one in dataclasses.fields(cls) if one.name != "forward"]
        return cls(Forward.from_dict(data), **{name: data[name] for name in names})

    def to_dict(self) -> dict:
        """Plain data: the forward's keys and its own."""
        data = dataclasses.asdict(self)
        return {**data.pop("forward"), **data}


@dataclass(frozen=True)
class Record:
    """A supervisor's file. ``pid``, ``started`` (see processes.py) and ``boot_id`` identify its process; ``seen``: when it wrote last, in
    seconds since 1970; ``target``: the cluster by context, kubeconfig and host, without credentials.
    """

    name: str
    pid: int
    started: float
    boot_id: str
    user: str
    since: str
    seen: float
    target: dict
    statuses: tuple[Status, ...] = field(default=())

    @classmethod
    def from_dict(cls, data: dict) -> Record:
        """The inverse of to_dict(). Raises KeyError, TypeError or ValueError for other data."""
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']}")
        names = ("name", "boot_id", "user", "since", "target")
        statuses = tuple(map(Status.from_dict, data["forwards"]))
        return cls(pid=int(data["pid"]), started=float(data["started"]), seen=float(data["seen"]), statuses=statuses, **{key: data[key] for key in names})

    def to_dict(self) -> dict:
        """Plain data, as it is stored."""
        names = ("name", "pid", "started", "boot_id", "user", "since", "seen", "target")
        return {"version": VERSION, **{key: getattr(self, key) for key in names}, "forwards": [status.to_dict() for status in self.statuses]}

    @property
    def forwards(self) -> tuple[Forward, ...]:
        """What it serves."""
        return tuple(status.forward for status in self.statuses)
