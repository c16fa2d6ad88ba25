# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How often something is tried. Times are seconds of one clock, for example time.monotonic()."""

from __future__ import annotations

from collections import deque


class RateLimit:
    """At most so many calls in any period of so many seconds."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._latest: deque[float] = deque(maxlen=calls)
        self._seconds = seconds

    def allow(self, now: float) -> bool:
        """Whether a call may be made now. It is counted then."""
        if len(self._latest) == self._latest.maxlen and now - self._latest[0] < self._seconds:
            return False
        self._latest.append(now)
        return True


class Recent:
    """What was added within the last so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._added: dict[str, float] = {}

    def add(self, name: str, now: float) -> None:
        self._added = {each: when for each, when in self._added.items() if now - when < self._seconds} | {name: now}

    def has(self, name: str, now: float) -> bool:
        return now - self._added.get(name, float("-inf")) < self._seconds


class Backoff:
    """When what failed is due again: after a pause that doubles with each failure."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failures: dict[str, tuple[float, float]] = {}  # the last pause, and when it ends

    def failed(self, name: str, now: float) -> float:
        """Count a failure; returns the pause."""
        last, _end = self._failures.get(name, (0.0, 0.0))
        pause = min(max(2 * last, self._first), self._longest)
        self._failures[name] = (pause, now + pause)
        return pause

    def waiting(self, now: float) -> list[str]:
        """The names whose pause has not ended. One that was not tried again for long is forgotten: it no longer exists."""
        self._failures = {name: (pause, end) for name, (pause, end) in self._failures.items() if now - end < self._longest}
        return [name for name, (_pause, end) in self._failures.items() if now < end]
