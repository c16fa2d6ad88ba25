# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one path of all requests to the API server: their time limits, failures, the server's clock, and the guard of writes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from ...write_guard import WRITES
from .body import require_sendable
from .connection import CONNECT_TIMEOUT
from .errors import ApiError, api_error, unreachable

try:
    import urllib3
    from kubernetes.client.exceptions import ApiException
except ImportError:
    ApiException = Exception

READ_TIMEOUT = 30  # seconds for one answer that is not a watch
REVIEWS = ("/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/")  # are created, but nothing of them is stored


class Requests:
    """Sends requests; raises ApiError where the API refuses, Unreachable where it does not answer."""

    def __init__(self, dynamic):
        self._dynamic = dynamic
        self.server = dynamic.configuration.host
        self._clock_offset = timedelta()

    @property
    def api_client(self):
        """The kubernetes ApiClient: streams (exec, port-forward) take address, TLS and credentials from it."""
        return self._dynamic.client

    def now(self) -> datetime:
        """The API server's time, from the Date header of its last answer: timestamps in objects are compared with it."""
        return datetime.now(timezone.utc) + self._clock_offset

    def json_or_none(self, path: str, **options) -> dict | None:
        """The answer to a GET, None where there is no such object."""
        try:
            return self.json("GET", path, **options)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def json(self, method: str, path: str, **options) -> dict:
        """The answer to a request."""
        return self.content(self.request(method, path, **options))

    def content(self, response) -> dict:
        """The JSON in a response."""
        try:
            return json.loads(response.read())
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.server, error) from error

    def request(self, method: str, path: str, *, body=None, read_timeout: int = READ_TIMEOUT, **options):
        """The response, of which only the head was read. A request that writes is sent only where this process may still write."""
        require_sendable(body, f"{method} {path}")
        (WRITES.before_write if _writes(method, path, options) else WRITES.while_reading)()
        try:
            response = self._dynamic.request(
                method, path, body=body, serialize=False, _request_timeout=(CONNECT_TIMEOUT, read_timeout), **options
            )
        except ApiException as error:
            raise api_error(error, method, path) from error
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.server, error) from error
        self._read_clock(response.headers.get("Date"))
        return response

    def _read_clock(self, date: str | None) -> None:
        """Records the offset of the API server's clock; the header counts whole seconds, so up to two seconds are no offset."""
        if date:
            offset = parsedate_to_datetime(date) - datetime.now(timezone.utc)
            self._clock_offset = offset if abs(offset) > timedelta(seconds=2) else timedelta()


def _writes(method: str, path: str, options: dict) -> bool:
    return method != "GET" and not path.startswith(REVIEWS) and "dry_run" not in options
