# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes connections from inside a container, with the first of its programs that can."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

from ...clients.cluster.access import FORBIDDEN
from ...clients.cluster.client import Cluster
from ...clients.cluster.errors import ApiError
from ...clients.database.pod import PodDatabase
from ...clients.database.statements import DatabaseError, Limits, Statement
from ...errors import RunbookError
from ..container import Container, failure_of
from ..model import HttpRequest, ProbeTarget
from .model import Connection, NetworkProbe, NetworkTarget
from .policies import NetworkObjects
from .programs import PROGRAMS, Interpreter, Request, Shell
from .verdict import needs_objects

POLICY_KINDS = ("NetworkPolicy", "Service", "Pod")


@dataclass(frozen=True)
class Probing:
    """What is observed. ``trials``: values of NODE_OPTIONS that are tried too; ``timeout``: seconds for each step."""

    targets: tuple[NetworkTarget, ...]
    timeout: int
    trials: tuple[str, ...] = ()
    programs: tuple[Interpreter | Shell, ...] = field(default=PROGRAMS)


def observe(cluster: Cluster, target: ProbeTarget, probing: Probing) -> NetworkProbe:
    """What the container sees. Raises RunbookError if it has none of the programs."""
    container = Container(cluster, target, probing.timeout)
    probe = _run(container, probing)
    if probe.program == "sh":
        probe = replace(probe, connections=tuple(_with_http(container, one) for one in probe.connections))
    return replace(probe, connections=tuple(_with_database(cluster, target, one, probing.timeout) for one in probe.connections))


def read_objects(cluster: Cluster, namespace: str, probe: NetworkProbe) -> NetworkObjects:
    """The policies and what they may select, read only where one may be the cause."""
    if not any(map(needs_objects, probe.connections)):
        return NetworkObjects()
    try:
        policies, services, pods = (cluster.list(kind, namespace) for kind in POLICY_KINDS)
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        return NetworkObjects()
    return NetworkObjects(policies, tuple(services), tuple(pods))


def _run(container: Container, probing: Probing) -> NetworkProbe:
    target, attempts = container.target, []
    request = Request(probing.targets, probing.timeout, secrets.token_hex(16), probing.trials)
    for program in probing.programs:
        done = container.execute(program.command_of(request), program.stdin_of(request), request.seconds)
        probe = program.read(done.stdout.decode(errors="replace"), request)
        if probe:
            return probe
        attempts.append(f"{program.command[0]} ({failure_of(done)})")
    raise RunbookError(
        f"Container {target.container} of {target.description} has no program that can open connections; tried: {', '.join(attempts)}. "
        "Name a container with node (16 or later), python3 (3.8 or later), or sh with nc, bash or curl in the option container."
    )


def _with_http(container: Container, connection: Connection) -> Connection:
    """The shell's script opens connections only; a request is sent by the shell's program for Dapr's. It has no TLS."""
    if not connection.answering or connection.target.scheme != "http":
        return connection
    response = container.send([HttpRequest("GET", connection.host, connection.port, connection.target.path)])[0]
    if response.status is None:
        return replace(connection, http={"failure": response.failure, "detail": response.detail, "ms": None})
    return replace(connection, http={"status": response.status, "failure": "", "detail": "", "ms": None})


def _with_database(cluster: Cluster, target: ProbeTarget, connection: Connection, timeout: int) -> Connection:
    """With the error of SELECT 1, where the address answers and Node.js connects: else it would only repeat what is known."""
    if not (connection.target.is_database and connection.answering) or (connection.node and connection.node.failure):
        return connection
    limits = Limits(connect=timeout, statement=timeout)
    database = PodDatabase(cluster, target.namespace, target.pod, target.container, connection.target.env, None, limits)
    try:
        database.run([Statement("SELECT 1")], write=False)
    except DatabaseError as error:
        return replace(connection, database=str(error))
    return replace(connection, database="")
