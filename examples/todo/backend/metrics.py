# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Counters in Prometheus' text format. Each process counts for itself, from its start."""

from __future__ import annotations

import threading

CONTENT_TYPE = "text/plain; version=0.0.4"


class Counter:
    def __init__(self, name: str, description: str, **labels: str) -> None:
        self._head = f"# HELP {name} {description}\n# TYPE {name} counter\n"
        self._series = name + "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}"
        self._lock = threading.Lock()
        self._count = 0

    def increment(self) -> None:
        with self._lock:
            self._count += 1

    def text(self) -> str:
        return f"{self._head}{self._series} {self._count}\n"


def duplicates(layer: str) -> Counter:
    """What was recognised as made before, by the layer that did: request, tool or event."""
    return Counter("todo_duplicates_total", "Requests, tool calls and events that were recognised as duplicates.", layer=layer)
