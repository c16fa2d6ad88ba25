# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity of a lease's holder: one process on one host, distinct from every other, also from a later one with the same PID."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path

from ..processes import UnknownProcess, process_start, read_line

__all__ = ["Holder", "Host", "UnknownProcess", "is_running", "machine_hash", "process_start"]
START_TOLERANCE = 1.0  # seconds by which two readings of the start of one process may differ
APPLICATION = b"runbook.minikube"
INITIAL_PID_NAMESPACE = "pid:[4026531836]"  # fixed in the Linux kernel: a process there is in no container


@dataclass(frozen=True)
class Host:
    """A host since its last boot, and the PID namespace. Not every system reports all of them. ``machine``: see machine_hash()."""

    hostname: str
    machine: str
    boot_id: str
    pid_namespace: str

    @classmethod
    def this(cls) -> Host:
        """The host that this code runs on."""
        machine = machine_hash(read_line("/etc/machine-id") or _hardware_address())
        return cls(socket.gethostname(), machine, read_line("/proc/sys/kernel/random/boot_id"), _pid_namespace())

    @classmethod
    def from_dict(cls, data: dict) -> Host:
        """Reads what is stored with a lease, also by versions that stored the machine's ID itself. Raises KeyError."""
        machine = machine_hash(str(data["machine_id"])) if "machine_id" in data else str(data["machine"])
        return cls(str(data["hostname"]), machine, str(data["boot_id"]), str(data["pid_namespace"]))

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it. A host name may change while a playbook runs, so it is only the last resort."""
        return self.boot_id or self.machine or self.hostname, self.pid_namespace


@dataclass(frozen=True)
class Holder:
    """A playbook run that holds or requests a lease. ``started`` is the result of process_start(); user and playbook are for people."""

    host: Host
    pid: int
    started: float
    inventory_host: str
    user: str = ""
    playbook: str = ""

    @classmethod
    def from_dict(cls, data: dict) -> Holder:
        """The inverse of to_dict(). Raises KeyError, TypeError or ValueError for other data."""
        host = Host.from_dict(data["machine"])
        return cls(host, int(data["pid"]), float(data["started"]), str(data["inventory_host"]), str(data["user"]), str(data["playbook"]))

    def to_dict(self) -> dict:
        """Plain data, as it is stored with the lease."""
        data = dataclasses.asdict(self)
        return {"machine": data.pop("host"), **data}

    @property
    def name(self) -> str:
        """The holderIdentity: short enough for ``kubectl get lease``, and unique for every process."""
        return f"{self._name_of_process}{self.host.key[0][:8]}/{self.inventory_host}"

    @property
    def _name_of_process(self) -> str:
        return f"{self.user}@{self.host.hostname}/{self.pid}/{int(self.started)}/"

    def is_named(self, identity: str) -> bool:
        """Whether it is the holder of that holderIdentity. Former versions wrote another form of the host's key."""
        return identity.startswith(self._name_of_process) and identity.endswith(f"/{self.inventory_host}")

    def same_process(self, other: Holder) -> bool:
        """Whether both are the same run of ansible-playbook."""
        return self.host.key == other.host.key and self.pid == other.pid and abs(self.started - other.started) <= START_TOLERANCE

    def same(self, other: Holder) -> bool:
        """Whether both are the same run, for the same host of its inventory."""
        return self.same_process(other) and self.inventory_host == other.inventory_host


def machine_hash(machine_id: str) -> str:
    """A machine's ID as it may be stored where others read it: machine-id(5) is confidential. "" for an unknown one."""
    return hmac.new(machine_id.encode(), APPLICATION, hashlib.sha256).hexdigest()[:32] if machine_id else ""


def is_running(holder: Holder, here: Host, start_time) -> bool | None:
    """Whether a holder's process runs; None where that is not certain, as on another host.

    ``start_time(pid)`` returns the start of a running process, or None where there is none.
    """
    if holder.host.key != here.key:
        return False if _rebooted(holder.host, here) else None
    try:
        started = start_time(holder.pid)
    except UnknownProcess:
        return None
    return started is not None and abs(started - holder.started) <= START_TOLERANCE


def _rebooted(before: Host, here: Host) -> bool:
    """Whether it is the same host after another boot. In a container the identity may be that of the image, so the result is False."""
    same = (before.hostname, before.machine, before.pid_namespace) == (here.hostname, here.machine, here.pid_namespace)
    return same and bool(here.machine) and here.pid_namespace == INITIAL_PID_NAMESPACE and before.boot_id != here.boot_id


def _hardware_address() -> str:
    """For a host without a machine ID: the address of a network interface; "" where Python generated one, which it marks as a multicast address."""
    node = uuid.getnode()
    return "" if node >> 40 & 1 else f"{node:012x}"


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
