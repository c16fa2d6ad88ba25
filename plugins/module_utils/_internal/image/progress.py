# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports progress while the module runs, as lines in a file: a module itself prints nothing before its end."""

from __future__ import annotations

import os
import threading

from .apply import ImageOutcome

MEGABYTE = 1_000_000


class ProgressFile:
    """Appends a line for each outcome to the file ``path``, if there is one."""

    def __init__(self, path: str | None):
        self._path = path
        self._lock = threading.Lock()

    def add(self, outcome: ImageOutcome):
        """Appends the line of one image, unless nothing was done. A failure to write does not fail the image."""
        if not self._path or outcome.plan.action == "reused" and not outcome.error:
            return
        try:
            with self._lock, open(self._path, "a", encoding="utf-8", opener=_open_existing) as file:
                file.write(progress_line(outcome) + "\n")
        except OSError:
            self._path = None


def _open_existing(path: str, _flags: int) -> int:
    """Opens a file for appending without creating it: its reader creates and removes it."""
    return os.open(path, os.O_WRONLY | os.O_APPEND)


def progress_line(outcome: ImageOutcome) -> str:
    """One image in one line.

    For example "built backend-api:3f1c9a0b7d22 in 3.2 s, 0.1 MB sent".
    """
    plan = outcome.plan
    if outcome.error:
        return f"failed {plan.reference or plan.name} after {outcome.seconds:.1f} s"
    sent = f", {outcome.bytes_sent / MEGABYTE:.1f} MB sent" if outcome.bytes_sent else ""
    return f"{plan.action} {plan.reference} in {outcome.seconds:.1f} s{sent}"
