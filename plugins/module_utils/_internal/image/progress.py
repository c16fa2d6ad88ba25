# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The progress of the module as lines."""

from __future__ import annotations

from ..progress import ProgressFile
from .apply import ImageOutcome

MEGABYTE = 1_000_000


class ImageProgress:
    """Reports each image that is done, unless nothing had to be done."""

    def __init__(self, file: ProgressFile):
        self._file = file

    def add(self, outcome: ImageOutcome) -> None:
        """Reports one image."""
        if outcome.plan.action != "reused" or outcome.error:
            self._file.add(progress_line(outcome))


def progress_line(outcome: ImageOutcome) -> str:
    """One image in one line.

    For example "built backend-api:3f1c9a0b7d22 in 3.2 s, 0.1 MB sent".
    """
    plan = outcome.plan
    if outcome.error:
        return f"failed {plan.reference or plan.name} after {outcome.seconds:.1f} s"
    sent = f", {outcome.bytes_sent / MEGABYTE:.1f} MB sent" if outcome.bytes_sent else ""
    return f"{plan.action} {plan.reference} in {outcome.seconds:.1f} s{sent}"
