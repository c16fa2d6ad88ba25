# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The failures of calls to the API server."""

from __future__ import annotations

import json

from ...errors import RunbookError

IS_IT_RUNNING = "Is the cluster running (minikube status), and are the options kubeconfig and context right?"


class ApiError(RunbookError):
    """The API server refused a call.

    ``status``: HTTP status; ``reason``: the API's reason, for example NotFound; ``causes``: the messages of its details;
    ``api_message``: its message, without the request that the exception's own message names.
    """

    def __init__(self, message: str, status: int, reason: str, causes: tuple[str, ...] = (), api_message: str = ""):
        super().__init__(message)
        self.api_message = api_message or message
        self.status = status
        self.reason = reason
        self.causes = causes


class Unreachable(RunbookError):
    """The API server did not answer, or stopped in the middle of an answer."""


def api_error(error, method: str, path: str) -> ApiError:
    """The failure for an ApiException of the kubernetes client."""
    try:
        status = json.loads(error.body)
    except (TypeError, ValueError):
        status = {}
    message = status.get("message") or error.reason or "no reason given"
    causes = tuple(cause.get("message") or "" for cause in (status.get("details") or {}).get("causes") or [])
    return ApiError(f"{method} {path}: {message}", error.status or 0, status.get("reason") or "", causes, message)


def unreachable(where: str, error: BaseException) -> Unreachable:
    """The failure for an exception of urllib3, or a timeout. ``where``: which API server."""
    return Unreachable(f"The API server {where} can't be reached: {_cause(error)}. {IS_IT_RUNNING}")


def first_line(error: BaseException) -> str:
    """The first line of an exception's message."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _cause(error: BaseException) -> str:
    """urllib3's reason without its wrapping: host:port, if known, and why."""
    pool = getattr(error, "pool", None)
    where = f"{pool.host}:{pool.port}: " if pool and getattr(pool, "host", None) else ""
    return where + str(getattr(error, "reason", None) or first_line(error)).rpartition("): ")[2]
