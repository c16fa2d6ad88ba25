# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is observed of Services, and the status computed from it. Plain data, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..workloads.model import Observation

READY, NO_ENDPOINTS, EXTERNAL = "ready", "no_endpoints", "external"
HEADLESS = "None"  # the clusterIP of a Service without an address
IN_CLUSTER, NODE_PORT = "cluster", "node_port"  # from where a port was asked


@dataclass(frozen=True)
class Observed:
    """The objects of a namespace as the API sends them. ``elsewhere``: pods of other namespaces, None if they may not be listed."""

    services: list[dict]
    slices: list[dict]
    observation: Observation  # pods, and if a Service has no ready endpoint also their events and controllers
    now: datetime
    elsewhere: list[dict] | None = field(default_factory=list)


@dataclass(frozen=True)
class Endpoint:
    """An address that a Service forwards to. ``target``: the name of its pod, "" without one."""

    address: str
    port: int | None
    target: str
    ready: bool

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True)
class PortStatus:
    """A port of a Service and its endpoints. ``target``: its targetPort."""

    number: int | None  # None: a headless Service without ports
    name: str
    protocol: str
    target: int | str | None
    node_port: int | None
    endpoints: tuple[Endpoint, ...]
    scheme: str = ""  # http or https where it is known to speak it

    @property
    def ready(self) -> list[Endpoint]:
        """The endpoints that receive connections."""
        return [endpoint for endpoint in self.endpoints if endpoint.ready]


@dataclass(frozen=True)
class Problem:
    """Why a Service does not work. ``summary``: a sentence with the Service; ``hint``: the next step."""

    service: str
    category: str
    summary: str
    hint: str

    def __str__(self) -> str:
        return f"{self.summary} {self.hint}"


@dataclass(frozen=True)
class Answer:
    """The result of a connection to a port. ``status``: of the HTTP response, None where only the connection was tried, or there was none."""

    where: str
    url: str
    answers: bool
    status: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class ServiceStatus:
    """The status of a Service. ``notes``: what is no problem but worth knowing, as sentences."""

    name: str
    type: str
    cluster_ip: str
    selector: dict[str, str]
    state: str
    ports: tuple[PortStatus, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    answers: dict[int, tuple[Answer, ...]] = field(default_factory=dict)  # by the number of the port
