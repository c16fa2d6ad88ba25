# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client that opens a fixed number of new connections a second to one URL of the test cluster, and keeps count."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from background import Background

BOUND = 900  # seconds after which it stops by itself


@dataclass
class Load(Background):
    """Use as a context manager; ``failures`` holds (seconds since the start, what went wrong)."""

    url: str
    rate: int = 20
    timeout: float = 30
    requests: int = 0
    failures: list[tuple[float, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return super().__enter__()

    def go_on_for(self, questions: int) -> None:
        """Returns when that many more have been sent."""
        wanted = self.requests + questions
        while self.requests < wanted and time.monotonic() < self._began + BOUND:
            time.sleep(0.1)

    def _run(self) -> None:
        with ThreadPoolExecutor(max_workers=self.rate * 4) as pool:
            while not self._end.is_set() and time.monotonic() < self._began + BOUND:
                due = self._began + self.requests / self.rate
                self._end.wait(max(0.0, due - time.monotonic()))
                self.requests += 1
                pool.submit(self._request)

    def _request(self) -> None:
        when = time.monotonic() - self._began
        url = urlsplit(self.url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=self.timeout)
        try:
            connection.request("GET", url.path or "/", headers={"Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 400:
                self.failures.append((when, f"status {answer.status}"))
        except OSError as error:
            self.failures.append((when, repr(error)))
        except http.client.HTTPException as error:
            self.failures.append((when, repr(error)))
        finally:
            connection.close()
