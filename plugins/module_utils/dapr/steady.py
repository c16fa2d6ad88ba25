# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Goes on where the API server was away for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Unreachable

AWAY = 60  # seconds in which an API server that was restarted is back
PAUSE = 1
OVERLOADED = (500, 502, 503, 504)
T = TypeVar("T")


def steady(call: Callable[[], T]) -> T:
    """The call's result; it is repeated while the API server does not answer, so it has to be one that may be done twice."""
    until = time.monotonic() + AWAY
    while True:
        try:
            return call()
        except Unreachable:
            if time.monotonic() >= until:
                raise
        except ApiError as error:
            if error.status not in OVERLOADED or time.monotonic() >= until:
                raise
        time.sleep(PAUSE)
