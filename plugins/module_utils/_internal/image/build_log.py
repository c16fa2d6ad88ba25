# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of a failed build's output that explains the failure. Pure."""

from __future__ import annotations

import re
from collections import deque

LAST_LINES = 20
LAST_ERRORS = 10  # additional lines of standard error of the failing step
LINE_LENGTH = 300  # characters
STANDARD_ERROR = "\x1b[91m"  # the builder's marker
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NOISE = (" --->", "Removing intermediate container")  # the builder's own bookkeeping


class BuildLog:
    """Collects a builder's output; ``step`` is the line of the running step, None before the first."""

    def __init__(self):
        self.step: str | None = None
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._errors: deque[str] = deque(maxlen=LAST_ERRORS)

    def add(self, text: str):
        """Adds output of one or more lines."""
        is_error = text.startswith(STANDARD_ERROR)
        for line in COLOUR.sub("", text).splitlines():
            if line.strip() and not line.startswith(NOISE):
                self._add_line(line.rstrip()[:LINE_LENGTH], is_error)

    def _add_line(self, line: str, is_error: bool):
        if line.startswith("Step ") and not is_error:
            self.step = line
            self._errors.clear()
        if is_error:
            self._errors.append(line)
        self._lines.append(line)

    def last_lines(self) -> list[str]:
        """The last lines. Standard error may arrive long before standard output ends, so its older lines come first."""
        older_errors = [line for line in self._errors if line not in self._lines]
        return [*older_errors, *self._lines]
