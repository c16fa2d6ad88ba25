# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections from inside a container as they were observed. Plain data.

Times are milliseconds. A ``failure`` is "" for a success, a code of the operating system or the resolver (ECONNREFUSED, ENOTFOUND), or TIMEOUT
where there was no answer within the probe's own limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TIMEOUT = "TIMEOUT"  # the probe's own limit
UNSET = "unset"  # the problem of a URL whose variable does not exist
NO_ANSWER = (TIMEOUT, "ETIMEDOUT")
SCHEMES = ("tcp", "tls", "http", "https")


@dataclass(frozen=True)
class NetworkTarget:
    """What to connect to. With ``env``, host and port are those of the URL in that variable of the container.

    ``required``: whether it is a problem that the container has no such variable. ``is_database``: whether SELECT 1 follows.
    """

    host: str = ""
    port: int = 0
    scheme: str = "tcp"
    path: str = "/"
    env: str = ""
    required: bool = True
    is_database: bool = False

    @property
    def has_tls(self) -> bool:
        """Whether a TLS handshake follows the connection."""
        return self.scheme in ("tls", "https")

    @property
    def has_http(self) -> bool:
        """Whether a request follows."""
        return self.scheme in ("http", "https")


@dataclass(frozen=True)
class Lookup:
    """The resolution of a host name."""

    ms: int | None = None
    failure: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Attempt:
    """One connection to one address, without any selection of addresses. ``family`` is 4 or 6."""

    address: str
    family: int
    ms: int | None = None
    failure: str = ""
    detail: str = ""


@dataclass(frozen=True)
class NodeConnect:
    """A connection as Node.js makes it by default, with its selection of addresses. ``errors``: (code, address) of each attempt."""

    ms: int | None = None
    failure: str = ""
    name: str = ""
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class NodeSettings:
    """Node's settings for connections, read in the container. ``attempt_timeout``: milliseconds, None where this version has none."""

    version: str = ""
    options: str = field(default="", repr=False)
    auto_select_family: bool = False
    attempt_timeout: int | None = None
    result_order: str = ""


@dataclass(frozen=True)
class Trial:
    """Node started with a value of NODE_OPTIONS. ``exit_code`` is that of ``node -e 0``; the rest is missing unless it is 0."""

    options: str = field(repr=False)
    exit_code: int | None = 0
    detail: str = ""
    settings: NodeSettings | None = None
    connects: tuple[NodeConnect, ...] = ()


@dataclass(frozen=True)
class NodeProcess:
    """Node in a container. ``runtime``: node, bun or deno; ``found``: whether a running process of it was found and could be read.

    ``options``: NODE_OPTIONS of that process, else of the container; ``container_options``: NODE_OPTIONS that the container starts with.
    ``source``: a file of the application that sets the selection itself, "" if none was found.
    """

    runtime: str = "node"
    found: bool = False
    options: str = field(default="", repr=False)
    container_options: str = field(default="", repr=False)
    source: str = ""


@dataclass(frozen=True)
class Connection:
    """A target, and everything that was observed of it. ``tls`` and ``http`` are None if they were not reached or not requested."""

    target: NetworkTarget
    host: str
    port: int
    lookup: Lookup = field(default_factory=Lookup)
    attempts: tuple[Attempt, ...] = ()
    tls: dict | None = None
    http: dict | None = None
    node: NodeConnect | None = None
    database: str | None = None  # the error of SELECT 1, "" if it succeeded, None if it was not run
    url_problem: str = ""  # why the variable has no usable URL

    @property
    def answering(self) -> list[Attempt]:
        """The attempts that connected."""
        return [attempt for attempt in self.attempts if not attempt.failure]

    @property
    def where(self) -> str:
        """For sentences: host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class NetworkProbe:
    """What one container sees. ``node``, ``trials``: only where it has Node.js; the first trial is that with the process' own options."""

    program: str
    connections: tuple[Connection, ...] = ()
    process: NodeProcess | None = None
    trials: tuple[Trial, ...] = ()

    @property
    def settings(self) -> NodeSettings | None:
        """Node's settings as the running process has them."""
        return self.trials[0].settings if self.trials else None
