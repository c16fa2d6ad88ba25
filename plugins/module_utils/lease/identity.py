# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who holds a lease: one process on one machine, told apart from every other and from a later one with the same number."""

from __future__ import annotations

import dataclasses
import os
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.libraries import lacking

SAME_START = 1.0  # seconds by which two readings of one process's start may differ
INITIAL_PID_NAMESPACE = "pid:[4026531836]"  # fixed in the Linux kernel: a process there is in no container


class CannotTell(Exception):
    """Whether a process runs can't be found out here."""


@dataclass(frozen=True)
class Machine:
    """A machine since its last boot, and the part of it whose process numbers are meant. Not every system tells each of these."""

    hostname: str
    machine_id: str
    boot_id: str
    pid_namespace: str

    @classmethod
    def this(cls) -> Machine:
        """The machine that this code runs on."""
        machine_id = _line("/etc/machine-id") or _hardware_address()
        return cls(socket.gethostname(), machine_id, _line("/proc/sys/kernel/random/boot_id"), _pid_namespace())

    @property
    def key(self) -> tuple[str, str]:
        """What tells it apart. A host name may change while a playbook runs, so it is only used where there is nothing better."""
        return self.boot_id or self.machine_id or self.hostname, self.pid_namespace


@dataclass(frozen=True)
class Holder:
    """A playbook run that holds or wants a lease. ``started`` is what process_start() says; user and playbook are for people."""

    machine: Machine
    pid: int
    started: float
    inventory_host: str
    user: str = ""
    playbook: str = ""

    @classmethod
    def from_dict(cls, data: dict) -> Holder:
        """Reads what to_dict() wrote. Raises KeyError, TypeError or ValueError where it is something else."""
        machine = Machine(**{part.name: str(data["machine"][part.name]) for part in dataclasses.fields(Machine)})
        return cls(machine, int(data["pid"]), float(data["started"]), str(data["inventory_host"]), str(data["user"]), str(data["playbook"]))

    def to_dict(self) -> dict:
        """Plain data, as it is stored beside the lease."""
        return dataclasses.asdict(self)

    @property
    def name(self) -> str:
        """The holderIdentity: short enough for ``kubectl get lease``, and different for every process."""
        who = f"{self.user}@{self.machine.hostname}"
        return f"{who}/{self.pid}/{int(self.started)}/{self.machine.key[0][:8]}/{self.inventory_host}"

    def same_process(self, other: Holder) -> bool:
        """Whether both are the same run of ansible-playbook."""
        return self.machine.key == other.machine.key and self.pid == other.pid and abs(self.started - other.started) <= SAME_START

    def same(self, other: Holder) -> bool:
        """Whether both are the same run, for the same host of its inventory."""
        return self.same_process(other) and self.inventory_host == other.inventory_host


def is_gone(holder: Holder, here: Machine, started_of) -> bool:
    """Whether a holder's process has certainly ended, as far as this machine can tell.

    ``started_of(pid)`` gives the start of a running process, or None where there is none. A holder on another machine is never gone.
    """
    if holder.machine.key == here.key:
        started = started_of(holder.pid)
        return started is None or abs(started - holder.started) > SAME_START
    return _rebooted(holder.machine, here)


def process_start(pid: int) -> float | None:
    """When a running process was started, None where there is none, or only its remains. Raises CannotTell.

    Linux counts the seconds from its boot, so that no change of the clock makes a running process look like another one;
    elsewhere they are counted from 1970.
    """
    if os.path.exists("/proc/self/stat"):
        return _start_on_linux(pid)
    return _start_elsewhere(pid)


def _start_elsewhere(pid: int) -> float | None:
    """Where there is no /proc, as on macOS, psutil knows; it is not needed anywhere else."""
    try:
        import psutil
    except ImportError as error:
        raise CannotTell(lacking(["psutil"])) from error
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied as error:
        raise CannotTell(str(error)) from error


def _start_on_linux(pid: int) -> float | None:
    status = _line(f"/proc/{pid}/stat")
    if not status:
        return _hidden_or_gone(pid)
    state, *fields = status.rpartition(")")[2].split()  # the name before it, in brackets, may hold anything
    return None if state in ("Z", "X") else int(fields[18]) / os.sysconf("SC_CLK_TCK")


def _hidden_or_gone(pid: int) -> None:
    """Another user's process may be hidden from /proc (hidepid), but a signal still finds it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise CannotTell(f"process {pid} belongs to another user") from error
    raise CannotTell(f"process {pid} can't be read")


def _rebooted(before: Machine, here: Machine) -> bool:
    """The same machine after another boot. In a container its identity may be that of the image, so there nothing is concluded."""
    same = (before.hostname, before.machine_id, before.pid_namespace) == (here.hostname, here.machine_id, here.pid_namespace)
    return same and bool(here.machine_id) and here.pid_namespace == INITIAL_PID_NAMESPACE and before.boot_id != here.boot_id


def _line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _hardware_address() -> str:
    """The address of a network interface; "" where Python had to make one up, which it marks as a multicast address."""
    node = uuid.getnode()
    return "" if node >> 40 & 1 else f"{node:012x}"


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
