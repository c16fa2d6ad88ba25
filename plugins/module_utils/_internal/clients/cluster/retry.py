# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Retries calls while the API server is unreachable or overloaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import ApiError, Unreachable

OUTAGE_TIMEOUT = 60  # seconds in which an API server that was restarted is back
INTERVAL = 1
RETRY_STATUSES = (500, 502, 503, 504)
T = TypeVar("T")


def retry_unreachable(call: Callable[[], T]) -> T:
    """The call's result. The call is repeated while the API server does not answer, so it has to be idempotent."""
    until = time.monotonic() + OUTAGE_TIMEOUT
    while True:
        try:
            return call()
        except Unreachable:
            if time.monotonic() >= until:
                raise
        except ApiError as error:
            if error.status not in RETRY_STATUSES or time.monotonic() >= until:
                raise
        time.sleep(INTERVAL)
