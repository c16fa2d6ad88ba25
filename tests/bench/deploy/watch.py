# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The moment when the new pod serves, observed from outside and the same for every way: its answer, by way of the Service."""

from __future__ import annotations

import http.client
import time

from background import Background

PAUSE = 0.05  # seconds between two questions


class Watch(Background):
    """Requests http://host:port/api/live on new connections until an answer has ``marker``; ``observed`` is when, by time.monotonic()."""

    def __init__(self, host: str, port: int, marker: str):
        self._host, self._port, self._marker = host, port, marker
        self.observed: float | None = None

    def _run(self) -> None:
        while not self._end.wait(PAUSE):
            if self._marker in self._answer():
                self.observed = time.monotonic()
                return

    def _answer(self) -> str:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=3)
        try:
            connection.request("GET", "/api/live", headers={"Connection": "close"})
            return connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return ""  # nothing serves at this moment
        finally:
            connection.close()
