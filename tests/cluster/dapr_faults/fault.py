# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fault of Dapr, as tests use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import TestCluster


@dataclass
class Fault:
    """One way in which Dapr fails. An instance stores what it changed: use it once.

    ``inject`` returns when the symptom exists, ``persists`` raises AssertionError when it does not: it is checked again
    ``pause`` seconds later. ``cause`` are words of the report that names it. If ``manual``, no playbook fixes it,
    and ``fix`` is the manual action. ``clean_up`` is called at the end in any case, also if the test was interrupted.
    """

    name: str = ""
    cause: tuple[str, ...] = ()
    long: bool = False  # in the long form only
    pause: int = 10

    manual: ClassVar[bool] = False

    def inject(self, cluster: TestCluster) -> None:
        """Breaks Dapr for real."""
        raise NotImplementedError

    def persists(self, cluster: TestCluster) -> None:
        """Asserts that the symptom exists."""
        raise NotImplementedError

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        """Namespace and prefix of the name of the pods that a recovery may replace; read before it."""
        raise NotImplementedError

    def fix(self, cluster: TestCluster) -> None:
        """The manual action."""

    def clean_up(self, cluster: TestCluster) -> None:
        """Reverts what is left of it."""
