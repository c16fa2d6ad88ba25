# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person needs to see of a build that failed. Pure."""

from __future__ import annotations

import re
from collections import deque

LAST_LINES = 20
LAST_ERRORS = 10  # lines of standard error in the failing step that are kept beside them
LINE_LENGTH = 300  # characters
STANDARD_ERROR = "\x1b[91m"  # how the builder marks it
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NOISE = (" --->", "Removing intermediate container")  # what the builder says of its own doings


class BuildLog:
    """Collects a builder's output as it comes; ``step`` is the line of the step that runs, None before the first."""

    def __init__(self):
        self.step: str | None = None
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._errors: deque[str] = deque(maxlen=LAST_ERRORS)

    def add(self, text: str):
        """Takes one piece of output, of one line or more."""
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
        """The last lines. Standard error may arrive long before standard output ends, so what fell out of them comes first."""
        fallen_out = [line for line in self._errors if line not in self._lines]
        return [*fallen_out, *self._lines]
