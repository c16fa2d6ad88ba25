# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs of a container that can observe connections, in the order in which they are tried, and what their answers contain. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ...clients.cluster import loaders
from . import node_program, python_program, shell_program
from .model import UNSET, Attempt, Connection, Lookup, NetworkProbe, NetworkTarget, NodeConnect, NodeProcess, NodeSettings, Trial

# Host and port of a URL. Python and Node.js read it alike; a URL with several hosts or a socket's path does not match.
URL = r"^[A-Za-z][\w+.-]*://(?:[\s\S]*@)?(\[[^\]]*\]|[^:/?#@,%\[\]]+)(?::(\d+))?(?:[/?#][^@]*)?$"


@dataclass(frozen=True)
class Request:
    """What is observed. ``trials``: values of NODE_OPTIONS that are tried; ``timeout``: seconds for each step."""

    targets: tuple[NetworkTarget, ...]
    timeout: int
    marker: str
    trials: tuple[str, ...] = ()

    @property
    def seconds(self) -> int:
        """The longest time that the observation takes: lookup, connection, TLS, HTTP, and Node's own connections for each trial."""
        return self.timeout * 5 + (1 + len(self.trials)) * (self.timeout * 3 + 10) + self.timeout * len(self.targets) * 4


@dataclass(frozen=True)
class Interpreter:
    """An interpreter whose program is in its task, which it reads from standard input."""

    name: str
    command: tuple[str, ...]
    program: str
    child: str = ""

    def command_of(self, _request: Request) -> list[str]:
        """The command that runs in the container."""
        return list(self.command)

    def stdin_of(self, request: Request) -> bytes:
        """Its standard input."""
        targets = [
            {"host": one.host, "port": one.port, "env": one.env, "tls": one.has_tls, "http": one.has_http, "path": one.path} for one in request.targets
        ]
        task = {
            "program": self.program, "child": self.child, "marker": request.marker, "timeout": request.timeout, "url": URL,
            "targets": targets, "trials": list(request.trials),
        }  # fmt: skip
        return json.dumps(task).encode() + b"\n"

    def read(self, output: str, request: Request) -> NetworkProbe | None:
        """What was observed, None if the output has no answer."""
        parts = output.split(request.marker)
        return probe_of(self.name, request.targets, json.loads(parts[1])) if len(parts) == 3 else None


@dataclass(frozen=True)
class Shell:
    """The same with sh; the targets are part of its script."""

    name: str = "sh"
    command: tuple[str, ...] = ("sh", "-c")

    def command_of(self, request: Request) -> list[str]:
        """See Interpreter."""
        return [*self.command, shell_program.script_of(request.targets, request.timeout, request.marker)]

    def stdin_of(self, _request: Request) -> bytes:
        """See Interpreter."""
        return b""

    def read(self, output: str, request: Request) -> NetworkProbe | None:
        """See Interpreter."""
        answer = shell_program.answer_of(output, request.targets, request.marker, request.timeout)
        return None if answer is None else probe_of(self.name, request.targets, answer)


NODE = Interpreter("node", ("node", "-e", loaders.NODE), node_program.PROGRAM, node_program.CHILD)
# Node.js first: only it shows how an application on Node.js connects. -I: see connectivity.programs.
PROGRAMS: tuple[Interpreter | Shell, ...] = (
    NODE,
    Interpreter("python", ("python3", "-I", "-c", loaders.PYTHON), python_program.PROGRAM),
    Interpreter("python", ("python", "-I", "-c", loaders.PYTHON), python_program.PROGRAM),
    Shell(),
)


def probe_of(program: str, targets: tuple[NetworkTarget, ...], answer: dict) -> NetworkProbe:
    """The answer of a program as data. Node's own connections belong to the targets that have a host, in their order."""
    trials = tuple(map(_trial, answer.get("trials", ())))
    connects = iter(trials[0].connects if trials else ())
    found = [(target, item) for target, item in zip(targets, answer["targets"], strict=True) if target.required or item.get("url_problem") != UNSET]
    connections = tuple(_connection(target, item, connects) for target, item in found)
    process = NodeProcess(**answer["process"]) if "process" in answer else None
    return NetworkProbe(program, connections, process, trials)


def _connection(target: NetworkTarget, item: dict, connects) -> Connection:
    if "url_problem" in item:
        return Connection(target, "", 0, url_problem=item["url_problem"])
    attempts = tuple(Attempt(**attempt) for attempt in item["attempts"])
    lookup = Lookup(**item["lookup"])
    return Connection(target, item["host"], item["port"], lookup, attempts, item.get("tls"), item.get("http"), next(connects, None))


def _trial(item: dict) -> Trial:
    settings = NodeSettings(**item["settings"]) if "settings" in item else None
    return Trial(item["options"], item["exit_code"], item["detail"], settings, tuple(map(_node_connect, item.get("connects", ()))))


def _node_connect(item: dict) -> NodeConnect:
    errors = tuple((code, address) for code, address in item["errors"])
    return NodeConnect(item["ms"], item["failure"], item["name"], errors)
