# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says what is done while the module still runs: lines in a file, as a module itself prints nothing before its end."""

from __future__ import annotations

import os
import threading

from ansible_collections.runbook.minikube.plugins.module_utils.image.apply import Outcome

MEGABYTE = 1_000_000


class Progress:
    """Adds a line for each outcome to the file ``path``; without one it says nothing."""

    def __init__(self, path: str | None):
        self._path = path
        self._lock = threading.Lock()

    def tell(self, outcome: Outcome):
        """Adds the line of one image, unless nothing was done. That it cannot be written must not fail what it tells of."""
        if not self._path or outcome.plan.action == "reused" and not outcome.error:
            return
        try:
            with self._lock, open(self._path, "a", encoding="utf-8", opener=_existing) as file:
                file.write(line_of(outcome) + "\n")
        except OSError:
            self._path = None


def _existing(path: str, _flags: int) -> int:
    """Opens a file at its end, and makes none: who reads it has made it, and removes it."""
    return os.open(path, os.O_WRONLY | os.O_APPEND)


def line_of(outcome: Outcome) -> str:
    """One image in one line.

    For example "built backend-api:3f1c9a0b7d22 in 3.2 s, 0.1 MB sent".
    """
    plan = outcome.plan
    if outcome.error:
        return f"failed {plan.reference or plan.name} after {outcome.seconds:.1f} s"
    sent = f", {outcome.bytes_sent / MEGABYTE:.1f} MB sent" if outcome.bytes_sent else ""
    return f"{plan.action} {plan.reference} in {outcome.seconds:.1f} s{sent}"
