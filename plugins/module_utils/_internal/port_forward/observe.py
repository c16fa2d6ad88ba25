# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what is there: the supervisor of the options' name, the Services, and who holds the ports."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..clients.cluster.access import needs, not_allowed
from ..clients.cluster.client import Cluster
from ..errors import RunbookError
from ..processes import UnknownProcess, is_same_process
from .folder import Folder, names_in
from .model import Forward, Record
from .options import ABSENT, PortForwardOptions
from .ports import bind_error, hides, holders_of
from .services import forwards_of
from .supervisor import listen_failure

HUNG = 120.0  # seconds without a write of the record after which a running supervisor counts as hung


@dataclass(frozen=True)
class Observed:
    """``leftovers``: whether the folder has files; ``running``: whether the record's process runs; ``hung``: whether it does nothing any more.

    ``wanted``: the requested forwards; ``refusals``: why this host refuses to listen for one, by the forward; ``hiding``: warnings.
    """

    record: Record | None
    leftovers: bool
    running: bool
    hung: bool = False
    wanted: tuple[Forward, ...] = ()
    refusals: dict[Forward, str] = field(default_factory=dict)
    hiding: tuple[str, ...] = ()

    @property
    def served(self) -> tuple[Forward, ...]:
        """What the running supervisor serves."""
        return self.record.forwards if self.record and self.running else ()


def observe(get_cluster: Callable[[], Cluster], options: PortForwardOptions, folder: Folder) -> Observed:
    """For ``state: absent`` nothing of the cluster is read. Raises RunbookError."""
    record = folder.read()
    running = is_running(record)
    if options.state == ABSENT:
        return Observed(record, folder.exists(), running)
    cluster = get_cluster()
    wanted = with_former_ports(_wanted(cluster, options), record)
    served = record.forwards if record and running else ()
    held = {(one.address, one.local_port) for one in served}
    others = _other_records(options)
    refusals = {one: refusal for one in wanted if (one.address, one.local_port) not in held and (refusal := _refusal(one, served, others))}
    _require_rights(cluster, options.namespace)
    hung = bool(record and running and time.time() - record.seen > HUNG)
    return Observed(record, folder.exists(), running, hung, wanted, refusals, tuple(_hiding(wanted)))


def is_running(record: Record | None) -> bool:
    """Whether the process of a record runs. Raises RunbookError where that can't be determined."""
    try:
        return record is not None and is_same_process(record.pid, record.started, record.boot_id)
    except UnknownProcess as error:
        raise RunbookError(f"Whether the supervisor of {record.name if record else ''} runs can't be determined: {error}.") from error


def with_former_ports(wanted: tuple[Forward, ...], record: Record | None) -> tuple[Forward, ...]:
    """Forwards to which any free port is right keep that of the record. Pure."""
    former = {(one.target, one.address): one.local_port for one in record.forwards} if record else {}
    return tuple(replace(one, local_port=one.local_port or former.get((one.target, one.address), 0)) for one in wanted)


def _wanted(cluster: Cluster, options: PortForwardOptions) -> tuple[Forward, ...]:
    with needs("list services", options.namespace, "to find the ports"):
        services = cluster.list("Service", options.namespace)
        selected = cluster.list("Service", options.namespace, label_selector=options.label_selector) if options.label_selector else []
    return forwards_of(options, services, selected)


def _require_rights(cluster: Cluster, namespace: str) -> None:
    """What the supervisor does later: a refusal is reported now, before it is started."""
    checks = [("get", "Service", ""), ("list", "EndpointSlice", ""), ("get", "Pod", "portforward"), ("create", "Pod", "portforward")]
    names = {"Service": "services", "EndpointSlice": "endpointslices", "Pod": "pods/portforward"}
    missing = [f"{verb} {names[kind]}" for verb, kind, sub in checks if not cluster.can(verb, kind, namespace, sub or None)]
    if missing:
        raise not_allowed(" and ".join(missing), namespace, "to forward to Services", missing=missing)


def _refusal(forward: Forward, served: tuple[Forward, ...], others: list[Record]) -> str:
    """Why this host refuses to listen, "" if it does not. A port of this supervisor at another address is free once that has ended."""
    number = bind_error(forward.address, forward.local_port)
    if not number or number == errno.EADDRINUSE and forward.local_port in [one.local_port for one in served]:
        return ""
    for other in others:
        own = next((one for one in other.forwards if one.local_port == forward.local_port), None)
        if own and number == errno.EADDRINUSE:
            return (
                f"Port {forward.local_port}, for {forward.target}, is in use by the forward {own} of the supervisor {other.name} (pid {other.pid}), "
                f"since {other.since}. End that with name: {other.name}, state: absent, or set another local_port (0 for a free one)."
            )
    return listen_failure(forward, number)


def _other_records(options: PortForwardOptions) -> list[Record]:
    folders = [Folder(options.state_dir, name) for name in names_in(options.state_dir) if name != options.name]
    return [record for folder in folders if (record := folder.read()) and is_running(record)]


def _hiding(wanted: tuple[Forward, ...]):
    for forward in wanted:
        for holder in holders_of(forward.local_port) if forward.local_port else []:
            if hides(holder, forward.address):
                yield (
                    f"Clients of localhost:{forward.local_port} may reach {holder} at [{holder.address}], not {forward.target}: use "
                    f"127.0.0.1:{forward.local_port}."
                )
