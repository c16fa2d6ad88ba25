# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who listens at a local port: from /proc, as far as this user may see it. Names of programs are read, never their arguments."""

from __future__ import annotations

import errno
import ipaddress
import os
import pwd
import socket
from dataclasses import dataclass
from pathlib import Path

from ..processes import command_of, read_line

LISTEN = "0A"
TABLES = {"/proc/net/tcp": socket.AF_INET, "/proc/net/tcp6": socket.AF_INET6}
MARK = b"_internal.port_forward.supervisor"  # in the command line of every supervisor


@dataclass(frozen=True)
class Holder:
    """A listener. ``pid`` 0 and ``command`` "": not visible to this user. ``supervisor``: PID of its user's supervisor of forwards, 0 for none."""

    address: str
    user: str
    pid: int = 0
    command: str = ""
    supervisor: int = 0

    def __str__(self) -> str:
        who = f"{self.command or 'process'} (pid {self.pid}) of user {self.user}" if self.pid else f"a process of user {self.user}"
        if not self.supervisor:
            return who
        return f"{who}, a supervisor of forwards of this collection" if self.supervisor == self.pid else (
            f"{who}, who runs a supervisor of forwards of this collection (pid {self.supervisor})"
        )


def bind_error(address: str, port: int) -> int:
    """The errno with which this host refuses to listen there, 0 where it does not."""
    try:
        listener(address, port).close()
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def listener(address: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=128)


def holders_of(port: int) -> list[Holder]:
    """All listeners at the port; none where the system has no /proc."""
    found = [entry for table, family in TABLES.items() for entry in _listening(table, family, port)]
    return [_holder(address, uid, inode) for address, uid, inode in found]


def hides(holder: Holder, address: str) -> bool:
    """Whether clients of localhost may reach that listener instead of one at ``address``: most of them try ::1 first. Pure."""
    return address == "127.0.0.1" and holder.address in ("::1", "::")


def user_name(uid: int) -> str:
    """A user's name, the ID where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _listening(table: str, family: int, port: int) -> list[tuple[str, int, str]]:
    rows = [line.split() for line in read_line(table).splitlines()[1:]]
    return [
        (_address(row[1].partition(":")[0], family), int(row[7]), row[9])
        for row in rows if row[3] == LISTEN and int(row[1].partition(":")[2], 16) == port
    ]  # fmt: skip


def _address(text: str, family: int) -> str:
    """An address as the kernel prints it: in hexadecimal, each 32 bits in the order of this host."""
    raw = bytes.fromhex(text)
    words = b"".join(int.from_bytes(raw[start : start + 4], "big").to_bytes(4, _byte_order()) for start in range(0, len(raw), 4))
    return str(ipaddress.ip_address(socket.inet_ntop(family, words)))


def _byte_order():
    return "little" if socket.htons(1) != 1 else "big"


def _holder(address: str, uid: int, inode: str) -> Holder:
    pid = next((pid for pid in _pids() if _has_socket(pid, inode)), 0)
    supervisor = pid if pid and _is_supervisor(pid) else 0
    if not pid:
        supervisor = next((one for one in _pids() if _owner(one) == uid and _is_supervisor(one)), 0)
    return Holder(address, user_name(uid), pid, command_of(pid) if pid else "", supervisor)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _owner(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1


def _has_socket(pid: int, inode: str) -> bool:
    try:
        return any(os.readlink(entry.path) == f"socket:[{inode}]" for entry in os.scandir(f"/proc/{pid}/fd"))
    except OSError:
        return False  # another user's, or it has ended


def _is_supervisor(pid: int) -> bool:
    try:
        return MARK in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
