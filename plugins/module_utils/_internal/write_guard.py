# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the clients ask before each write: whether this process may still write. The module's base says what is checked."""

from __future__ import annotations

from typing import Protocol

from .errors import RunbookError


class Guard(Protocol):
    """A condition of every write."""

    def before_write(self) -> None:
        """Raises RunbookError where this process must not write any more."""

    def while_reading(self) -> None:
        """Called with each request that only reads, so it has to be cheap. Raises RunbookError."""


class CheckModeGuard:
    """Check mode writes nothing. A module that tries has a defect, and ends before it writes."""

    def before_write(self) -> None:
        """Raises RunbookError."""
        raise RunbookError("This module was about to write in check mode, which is a defect of the collection. Nothing was written. Please report it.")

    def while_reading(self) -> None:
        """Reading is allowed."""


class WriteGuard:
    """The conditions of all writes of this process. Each module runs in a process of its own, or in that of its task."""

    def __init__(self) -> None:
        self._guards: tuple[Guard, ...] = ()

    def use(self, *guards: Guard) -> None:
        """Replaces the conditions."""
        self._guards = guards

    def before_write(self) -> None:
        """To be called by a client immediately before it writes. Raises RunbookError; nothing is written then."""
        for guard in self._guards:
            guard.before_write()

    def while_reading(self) -> None:
        """To be called by a client that waits by reading."""
        for guard in self._guards:
            guard.while_reading()


WRITES = WriteGuard()
