# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts and ends supervisors, and waits until their forwards work."""

from __future__ import annotations

import dataclasses
import json
import os
import select
import site
import subprocess
import sys
import time
from collections.abc import Iterable

from ..errors import RunbookError
from ..processes import end_process
from ..write_guard import WRITES
from . import supervisor
from .folder import Folder
from .model import Record
from .observe import is_running
from .options import PortForwardOptions
from .plan import CLEAN_UP, RESTART, START, STOP, Plan
from .printed import printed

START_TIMEOUT = 120  # seconds until a started supervisor has answered: on a busy machine its imports take a while
GRACE = 10  # seconds until a supervisor that was asked to end is killed
POLL_INTERVAL = 0.1  # seconds
COLLECTIONS = ("runbook/minikube", "kubernetes/core")  # what a supervisor imports
LAST_LINES = 5  # of the log, in a failure


def apply(plan: Plan, options: PortForwardOptions, folder: Folder, record: Record | None) -> None:
    """Carries the plan out. Raises RunbookError."""
    if plan.action in (STOP, RESTART) and record:
        WRITES.before_write()
        _end(record)
    if plan.action in (STOP, CLEAN_UP):
        WRITES.before_write()
        folder.remove()
    if plan.action in (START, RESTART):
        WRITES.before_write()
        _start(plan, options, folder)


def verify(options: PortForwardOptions, folder: Folder) -> Record:
    """The record, once all forwards work. Raises RunbookError with what is wrong where they do not within the time-out."""
    deadline = time.monotonic() + options.timeout
    while True:
        record = folder.read()
        if not record or not is_running(record):
            raise RunbookError(f"The supervisor {options.name} has ended. {_log_of(folder)}")
        if all(status.healthy for status in record.statuses):
            return record
        if time.monotonic() > deadline:
            raise RunbookError(_failure(options, record, folder), forwards=[printed(status) for status in record.statuses])
        time.sleep(POLL_INTERVAL)


def _failure(options: PortForwardOptions, record: Record, folder: Folder) -> str:
    wrong = [f"{one.forward}: {one.problem or 'it was not checked yet'}" for one in record.statuses if not one.healthy]
    return (
        f"Not all forwards work after {options.timeout} s. {' '.join(wrong)} The supervisor {record.name} (pid {record.pid}) keeps trying; end it with "
        f"state: absent. Its log: {folder.log}."
    )


def _end(record: Record) -> None:
    if not end_process(record.pid, record.started, record.boot_id, GRACE):
        raise RunbookError(f"The supervisor {record.name} (pid {record.pid}) does not end, not even by SIGKILL. End it, and run again.")


def _start(plan: Plan, options: PortForwardOptions, folder: Folder) -> None:
    """Starts a supervisor in a session of its own: neither the end of this run nor its terminal ends it."""
    folder.create()
    folder.clear()
    spec = {
        "name": options.name, "target": options.target, "connection": options.connection,
        "forwards": [dataclasses.asdict(forward) for forward in plan.after], "stored": not options.has_credentials,
    }  # fmt: skip
    log = folder.open_log()
    try:
        # The supervisor outlives the module, which run_command would wait for.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            command(folder), cwd="/", env={**os.environ, **environment()}, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    finally:
        os.close(log)
    answer = _answer_of(process, json.dumps(spec).encode())
    if answer.get("started"):
        return
    if process.poll() is None:
        process.kill()
    process.wait()
    reason = answer.get("error") or f"the supervisor did not start. {_log_of(folder)}"
    folder.remove()
    raise RunbookError(reason)


def command(folder: Folder) -> list[str]:
    """The command line of a supervisor: it names its folder, and nothing secret."""
    return [sys.executable, "-P", "-m", supervisor.__name__, str(folder.path)]


def environment() -> dict[str, str]:
    """The variables with which it finds this collection, and those that other modules of it need."""
    paths = [*collection_roots(sys.modules["ansible_collections"].__path__), *filter(None, [os.environ.get("PYTHONPATH")])]
    # With several arenas of memory, threads that serve connections would take several times as much.
    return {"PYTHONPATH": os.pathsep.join(paths), "MALLOC_ARENA_MAX": "1"}


def collection_roots(folders: Iterable[str]) -> list[str]:
    """The parents of those folders of collections that have one of the needed ones, or are in a module's archive.

    Others, and Python's own folders, must not precede the standard library: Ansible has such a folder beside modules of the same names.
    """
    needed = [folder for folder in folders if not os.path.isdir(folder) or any(os.path.isdir(os.path.join(folder, one)) for one in COLLECTIONS)]
    own = [*site.getsitepackages(), site.getusersitepackages()]
    return [root for root in map(os.path.dirname, needed) if root not in own]


def _answer_of(process: subprocess.Popen, spec: bytes) -> dict:
    """What the process answers, {} if it ends or says nothing in time."""
    stdin, stdout = process.stdin, process.stdout
    if not (stdin and stdout):
        return {}
    try:
        with stdin:
            stdin.write(spec)
    except OSError:
        return {}
    with stdout:
        readable, _write, _error = select.select([stdout], [], [], START_TIMEOUT)
        line = stdout.readline() if readable else b""
    try:
        return json.loads(line)
    except ValueError:
        return {}


def _log_of(folder: Folder) -> str:
    lines = folder.log_lines(LAST_LINES)
    return f"The last lines of its log: {' | '.join(lines)}" if lines else "Its log is empty."
