# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections and Node's settings as modules return them. Of NODE_OPTIONS only the flags for connections are shown: others may hold secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ...workloads.node_options import selection_flags
from .model import Connection, NetworkProbe, NodeConnect
from .verdict import Verdict


def connection_data(connection: Connection, verdict: Verdict) -> dict:
    """One connection."""
    lookup = connection.lookup
    return {
        "host": connection.host, "port": connection.port, "env": connection.target.env, "scheme": connection.target.scheme,
        "dns": {"ms": lookup.ms, "failure": lookup.failure, "addresses": [attempt.address for attempt in connection.attempts]},
        "tcp": [_picked(vars(attempt), ("address", "family", "ms", "failure")) for attempt in connection.attempts],
        "tls": connection.tls and _picked(connection.tls, ("protocol", "ms", "failure")),
        "http": connection.http and _picked(connection.http, ("status", "ms", "failure")),
        "node": connection.node and _node_connect(connection.node),
        "database": None if connection.database is None else {"healthy": not connection.database},
        "healthy": not verdict.problem, "cause": verdict.cause, "problem": verdict.problem,
    }  # fmt: skip


def node_data(probe: NetworkProbe) -> dict | None:
    """Node's settings in a container, None without Node.js."""
    process, settings = probe.process, probe.settings
    if process is None:
        return None
    return {
        "runtime": process.runtime, "process_found": process.found, "version": settings.version if settings else "",
        "options": " ".join(selection_flags(process.options)),
        "auto_select_family": settings.auto_select_family if settings else None,
        "attempt_timeout_ms": settings.attempt_timeout if settings else None,
        "result_order": settings.result_order if settings else "", "source": process.source,
    }  # fmt: skip


def _node_connect(node: NodeConnect) -> dict:
    return {"ms": node.ms, "failure": node.failure, "errors": [{"code": code, "address": address} for code, address in node.errors]}


def _picked(values: dict, names: Iterable[str]) -> dict:
    return {name: values.get(name) for name in names}
