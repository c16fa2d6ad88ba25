# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes of this host: a PID alone is no identity, as a later process may have the same; with its start and the boot it is."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from .libraries import missing_message

START_TOLERANCE = 0.02  # seconds; on Linux two readings of one process are equal
POLL_INTERVAL = 0.05  # seconds


class UnknownProcess(Exception):
    """Whether a process is running can't be determined here."""


def process_start(pid: int) -> float | None:
    """The start of a running process, None where there is none, or only a zombie. Raises UnknownProcess.

    On Linux in seconds since boot, so that a changed clock does not make a running process look like another one; elsewhere in seconds
    since 1970.
    """
    if os.path.exists("/proc/self/stat"):
        return _start_on_linux(pid)
    return _start_elsewhere(pid)


def _start_elsewhere(pid: int) -> float | None:
    """Without /proc, as on macOS; psutil is needed only there."""
    try:
        import psutil
    except ImportError as error:
        raise UnknownProcess(missing_message(["psutil"])) from error
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied as error:
        raise UnknownProcess(str(error)) from error


def _start_on_linux(pid: int) -> float | None:
    status = read_line(f"/proc/{pid}/stat")
    if not status:
        _require_gone(pid)
        return None
    state, *fields = status.rpartition(")")[2].split()  # the name before it, in brackets, may contain anything
    return None if state in ("Z", "X") else int(fields[18]) / os.sysconf("SC_CLK_TCK")


def _require_gone(pid: int) -> None:
    """Another user's process may be hidden from /proc (hidepid), but can still be found by a signal."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise UnknownProcess(f"process {pid} belongs to another user") from error
    raise UnknownProcess(f"process {pid} can't be read")


def boot_id() -> str:
    """The ID of this host's boot, "" where the system has none."""
    return read_line("/proc/sys/kernel/random/boot_id")


def is_same_process(pid: int, started: float, boot: str) -> bool:
    """Whether the process of that PID is the one that started then, see process_start(), in that boot. Raises UnknownProcess."""
    start = process_start(pid) if boot == boot_id() else None
    return start is not None and abs(start - started) <= START_TOLERANCE


def command_of(pid: int) -> str:
    """The name of a process's program, "" where it can't be read. Arguments are never read for a message: they may hold secrets."""
    return read_line(f"/proc/{pid}/comm")


def end_process(pid: int, started: float, boot: str, grace: float) -> bool:
    """Asks that process to end, kills it after ``grace`` seconds, and returns whether it is gone. Another one of that PID is left alone."""
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        if not is_same_process(pid, started, boot):
            return True
        _send(pid, number)
        deadline = time.monotonic() + seconds
        while is_same_process(pid, started, boot):
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_INTERVAL)
    return not is_same_process(pid, started, boot)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has ended meanwhile


def read_line(path: str) -> str:
    """A file's text without surrounding whitespace, "" where it can't be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
