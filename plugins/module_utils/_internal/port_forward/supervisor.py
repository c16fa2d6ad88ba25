# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process that serves forwards until it is told to end, or its record is gone. Usage: python -m THIS_MODULE FOLDER [spec]

It reads {name, target, connection, forwards, stored} as JSON from standard input, or with "spec" from the file that it has written into the folder,
where ``stored`` says that the connection has no credentials. It answers one line of JSON: {"started": true} or {"error": why}.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import queue
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from ..clients.cluster import certificate_files
from ..errors import RunbookError
from ..processes import boot_id, process_start
from .folder import MAX_LOG, RECORD, SPEC, Folder
from .model import Forward, Record
from .ports import holders_of, user_name
from .server import Server, now
from .session import Session

HEARTBEAT = 5.0  # seconds between two writes of the record
PAUSE = 0.1  # seconds in which changes are collected
REPEAT = 60.0  # seconds until the same line is written to the log again
MAX_LINES = 200  # different lines whose time is kept


class Supervisor:
    """Serves forwards, and keeps their record."""

    def __init__(self, folder: Folder, spec: dict):
        self._folder = folder
        self._name, self._target, self._spec = spec["name"], spec["target"], spec
        self._since = now()
        self._changes: queue.SimpleQueue = queue.SimpleQueue()  # may be put to by a signal's handler, in the middle of anything
        self._ended = False
        self._lines: dict[str, float] = {}
        session = Session(spec["connection"])
        self._servers: list[Server] = []
        for data in spec["forwards"]:
            self._servers.append(_server(Forward(**data), session, self.log, len(spec["forwards"])))

    def log(self, line: str) -> None:
        """Writes a line to the log, the same one at most once a minute, and the record."""
        last = self._lines.get(line)
        if last is None or time.monotonic() - last > REPEAT:
            if len(self._lines) >= MAX_LINES:
                self._lines.clear()
            self._lines[line] = time.monotonic()
            _write_line(f"{now()} {line}")
        self._changes.put(None)

    def start(self) -> None:
        """Begins to serve. Raises OSError where the record can't be written."""
        self._write()
        if self._spec["stored"]:
            forwards = [dataclasses.asdict(server.status.forward) for server in self._servers]  # with the ports that were free
            self._folder.write(SPEC, {**self._spec, "forwards": forwards})
        for server in self._servers:
            server.start()
            self.log(f"{server.status.forward}: listens")

    def end(self, *_signal) -> None:
        """Ends run()."""
        self._ended = True
        self._changes.put(None)

    def run(self) -> None:
        """Keeps the record, until it is told to end, or the record is gone or another one's."""
        while not self._ended and self._is_recorded():
            with suppress(OSError):  # of a full disk, for example: the forwards go on
                self._write()
                self._begin_new_log()
            self._wait()
        for server in self._servers:
            server.close()

    def _wait(self) -> None:
        """Until something has changed, or the record has to be written again."""
        try:
            self._changes.get(timeout=HEARTBEAT)
            time.sleep(PAUSE)
            while True:
                self._changes.get_nowait()
        except queue.Empty:
            return

    def _write(self) -> None:
        pid = os.getpid()
        statuses = tuple(server.status for server in self._servers)
        record = Record(self._name, pid, process_start(pid) or 0.0, boot_id(), user_name(os.geteuid()), self._since, time.time(), self._target, statuses)
        self._folder.write(RECORD, record.to_dict())

    def _is_recorded(self) -> bool:
        record = self._folder.read()
        return record.pid == os.getpid() if record else (self._folder.path / RECORD).exists()

    def _begin_new_log(self) -> None:
        """Keeps one former log, so that the files stay small."""
        if os.fstat(sys.stderr.fileno()).st_size > MAX_LOG:
            os.replace(self._folder.log, self._folder.path / "log.1")
            handle = self._folder.open_log()
            os.dup2(handle, sys.stderr.fileno())
            os.close(handle)


def _write_line(line: str) -> None:
    """To the log. On a full disk it is lost."""
    with suppress(OSError):
        sys.stderr.write(line.replace("\n", " ") + "\n")
        sys.stderr.flush()


def _server(forward: Forward, session: Session, log, count: int) -> Server:
    try:
        return Server(forward, session, log, count)
    except OSError as error:
        raise RunbookError(listen_failure(forward, error.errno or 0)) from error


def listen_failure(forward: Forward, number: int) -> str:
    """Why this host refuses to listen for a forward, and what to do."""
    if number == errno.EADDRINUSE:
        holders = "; ".join(dict.fromkeys(map(str, holders_of(forward.local_port)))) or "a process that is not visible here"
        return (
            f"Port {forward.local_port}, for {forward.target}, is in use by {holders}. It was left alone. End it, or set another local_port (0 for a "
            "free one)."
        )
    if number == errno.EACCES:
        return f"Only root may listen at port {forward.local_port}, for {forward.target}. Set a local_port from 1024."
    if number == errno.EADDRNOTAVAIL:
        return f"address: {forward.address} is none of this host's addresses. Use 127.0.0.1, or 0.0.0.0 for all of them."
    return f"Can't listen at {forward.local}, for {forward.target}: {os.strerror(number)}."


def _answer(answer: dict) -> None:
    """Tells the module, and lets go of it: it may wait for the end of these streams."""
    try:
        os.write(1, json.dumps(answer).encode() + b"\n")
    except OSError:
        pass  # the module was ended; the next one finds the record
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)


def main(arguments: list[str]) -> int:
    """The exit status."""
    os.umask(0o077)
    path = Path(arguments[0])
    folder = Folder(str(path.parent), path.name)
    try:
        spec = json.loads((path / SPEC).read_text(encoding="utf-8") if arguments[1:] else sys.stdin.read())
        certificate_files.use_parent(lambda: str(path))
        supervisor = Supervisor(folder, spec)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.end)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        supervisor.start()
    except (RunbookError, OSError, ValueError) as error:
        _answer({"error": str(error)})
        return 1
    _answer({"started": True})
    try:
        supervisor.run()
    except RunbookError:
        return 1  # its folder is another user's now
    finally:
        certificate_files.remove()
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # without waiting for connections
