# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports progress while a module runs, as lines in a file: a module itself prints nothing before its end."""

from __future__ import annotations

import os
import threading

from .printable import visible_line

PROGRESS_SPEC = {"progress": {"type": "path"}}
MAX_LINE = 200  # characters


class ProgressFile:
    """Appends lines to the file ``path``, if there is one."""

    def __init__(self, path: str | None):
        self._path = path
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Whether somebody reads it."""
        return bool(self._path)

    def add(self, line: str) -> None:
        """Appends a line. A failure to write does not fail the module."""
        if not self._path:
            return
        try:
            with self._lock, open(self._path, "a", encoding="utf-8", opener=_open_existing) as file:
                file.write(visible_line(" ".join(line.split()), MAX_LINE) + "\n")
        except OSError:
            self._path = None


def _open_existing(path: str, _flags: int) -> int:
    """Opens a file for appending without creating it: its reader creates and removes it."""
    return os.open(path, os.O_WRONLY | os.O_APPEND)
