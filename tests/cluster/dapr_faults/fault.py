# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a fault of Dapr is to a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import TestCluster


@dataclass
class Fault:
    """One way in which Dapr fails. An instance remembers what it changed: use it for one trial.

    ``make`` returns when the symptom is there, ``persists`` raises AssertionError when it is gone: it is asked again
    ``pause`` seconds later. ``cause`` are words of the report that has to name it. Where ``by_person``, no playbook cures it,
    and ``cure`` is what a person does. ``clean`` is for the end in any case, also of a trial that was cut off, and after a cure.
    """

    name: str = ""
    cause: tuple[str, ...] = ()
    long: bool = False  # in the long form only
    pause: int = 10

    by_person: ClassVar[bool] = False

    def make(self, cluster: TestCluster) -> None:
        """Breaks Dapr for real."""
        raise NotImplementedError

    def persists(self, cluster: TestCluster) -> None:
        """Asserts that the symptom is there."""
        raise NotImplementedError

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        """Namespace and beginning of the name of the pods that a recovery may replace; asked for before it."""
        raise NotImplementedError

    def cure(self, cluster: TestCluster) -> None:
        """What a person does."""

    def clean(self, cluster: TestCluster) -> None:
        """Takes back what is left of it."""
