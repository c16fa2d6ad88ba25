# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many events came again since the start of this process, in Prometheus' text format."""

from __future__ import annotations

import threading

NAME = "todo_duplicates_total"
HELP = "Requests, tool calls and events that were recognised as duplicates."

_lock = threading.Lock()
_count = 0


def increment() -> None:
    global _count
    with _lock:
        _count += 1


def text() -> str:
    return f'# HELP {NAME} {HELP}\n# TYPE {NAME} counter\n{NAME}{{layer="event"}} {_count}\n'
