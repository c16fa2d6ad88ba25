# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long each step took the last time, so that a person who waits knows what to expect."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from cache import locked

NAME = "durations.json"


def last_durations(cache: Path) -> dict[str, int]:
    """Seconds by the ID of a step; {} where none is known, or the file cannot be read."""
    try:
        known = json.loads((cache / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {step_id: seconds for step_id, seconds in known.items() if isinstance(seconds, int)} if isinstance(known, dict) else {}


def record_duration(cache: Path, step_id: str, seconds: float) -> None:
    """Records how long a step took. Parallel builds record one after the other."""
    with locked(cache, "durations"):
        known = {**last_durations(cache), step_id: round(seconds)}
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=cache, delete=False) as file:
            json.dump(known, file)
        os.replace(file.name, cache / NAME)
