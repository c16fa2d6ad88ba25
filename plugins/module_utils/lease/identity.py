# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who holds a lease: one process on one machine, told apart from every other and from a later one with the same number."""

from __future__ import annotations

import dataclasses
import socket
from dataclasses import dataclass
from pathlib import Path

try:
    import psutil
except ImportError:
    psutil = None

SAME_START = 2.0  # seconds by which two readings of one process's start may differ, as the clock is adjusted
INITIAL_PID_NAMESPACE = "pid:[4026531836]"  # fixed in the Linux kernel: a process there is in no container


@dataclass(frozen=True)
class Machine:
    """A machine since its last boot, and the part of it whose process numbers are meant."""

    hostname: str
    machine_id: str
    boot_id: str
    pid_namespace: str

    @classmethod
    def this(cls) -> Machine:
        """The machine that this code runs on."""
        boot_id = _line("/proc/sys/kernel/random/boot_id") or _boot_time()
        return cls(socket.gethostname(), _line("/etc/machine-id"), boot_id, _pid_namespace())


@dataclass(frozen=True)
class Holder:
    """A playbook run that holds or wants a lease. ``started`` is in seconds since 1970; user and playbook are for people."""

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
        return f"{who}/{self.pid}/{int(self.started)}/{self.machine.boot_id[:8]}/{self.inventory_host}"

    def same_process(self, other: Holder) -> bool:
        """Whether both are the same run of ansible-playbook."""
        return self.machine == other.machine and self.pid == other.pid and abs(self.started - other.started) <= SAME_START

    def same(self, other: Holder) -> bool:
        """Whether both are the same run, for the same host of its inventory."""
        return self.same_process(other) and self.inventory_host == other.inventory_host


def is_gone(holder: Holder, here: Machine, started_of) -> bool:
    """Whether a holder's process has certainly ended, as far as this machine can tell.

    ``started_of(pid)`` gives the start of a running process, or None where there is none. A holder on another machine is never gone.
    """
    if holder.machine == here:
        started = started_of(holder.pid)
        return started is None or abs(started - holder.started) > SAME_START
    return _rebooted(holder.machine, here)


def process_start(pid: int) -> float | None:
    """When a running process was started, in seconds since 1970; None where there is none, or only its remains."""
    if psutil is None:
        raise ModuleNotFoundError("psutil")
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def _rebooted(before: Machine, here: Machine) -> bool:
    """The same machine after another boot. In a container its identity may be that of the image, so there nothing is concluded."""
    same = (before.hostname, before.machine_id, before.pid_namespace) == (here.hostname, here.machine_id, here.pid_namespace)
    return same and bool(here.machine_id) and here.pid_namespace == INITIAL_PID_NAMESPACE and before.boot_id != here.boot_id


def _line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _boot_time() -> str:
    return str(int(psutil.boot_time())) if psutil else ""


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
