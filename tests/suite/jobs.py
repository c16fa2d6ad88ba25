# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands that run beside others; their output is shown when they fail."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

LOWEST = "19"  # see nice(1)
SUMMARY = re.compile(r"^(\d+ passed|SKIPPED)", re.MULTILINE)


def log(text: str) -> None:
    """A line with the time."""
    print(f"[{datetime.now():%H:%M:%S}] {text}", flush=True)


class Job:
    """A command that has begun, in a session of its own. ``low_priority``: it only takes what others leave of the processors."""

    def __init__(self, name: str, command: list[str], low_priority: bool = False, **options):
        self.name = name
        self._output = tempfile.TemporaryFile("w+")
        full = ["nice", "-n", LOWEST, *command] if low_priority else command
        self._process = subprocess.Popen(
            full, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT, start_new_session=True, **options
        )
        if low_priority:
            # Linux weighs sessions first, and the processes of one only among themselves (sched(7), autogroup).
            with suppress(OSError):
                Path(f"/proc/{self._process.pid}/autogroup").write_text(LOWEST)

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_exception) -> None:
        """Ends it with all that it started, where it still runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)

    def finish(self) -> int:
        """Waits for its end, and returns its exit status. Its summary is printed."""
        status = self._process.wait()
        self._output.seek(0)
        output = self._output.read()
        self._output.close()
        if status:
            print(output, flush=True)
            log(f"{self.name}: FAILED")
            return status
        log(f"{self.name}: ok")
        for line in output.splitlines():
            if SUMMARY.match(line):
                print(line, flush=True)
        return 0
