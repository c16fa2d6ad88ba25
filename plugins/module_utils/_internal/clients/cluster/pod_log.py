# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a container's log in pieces, so that its length does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .client import LOG_IS_GONE, Cluster
from .errors import unreachable
from .kinds import path_of

try:
    import urllib3
except ImportError:  # it comes with the kubernetes client; connecting reports that it is missing
    urllib3 = None

PIECE = 64 * 1024  # bytes


@contextmanager
def open_log(cluster: Cluster, pod: str, namespace: str, container: str, *, lines: int, previous: bool = False, since_seconds: int | None = None):
    """The last ``lines`` of a log as an iterator of pieces, in a ``with`` block. ``since_seconds``: only those of that time.

    Raises ApiError with status 400 where the container has not started, or had no previous run, Unreachable where the connection breaks.
    """
    query: list[tuple[str, object]] = [("container", container), ("tailLines", lines), ("previous", str(previous).lower())]
    query += [("sinceSeconds", since_seconds)] if since_seconds else []
    response = cluster.request("GET", path_of("Pod", namespace, pod, "log"), query_params=query)
    try:
        yield _pieces(response)
    except urllib3.exceptions.HTTPError as error:
        raise unreachable(cluster.server, error) from error
    finally:
        response.close()


def _pieces(response) -> Iterator[bytes]:
    """Nothing where the kubelet answers that the log is gone, which it does with status 200."""
    for number, piece in enumerate(response.stream(PIECE)):
        if number == 0 and piece.decode(errors="replace").startswith(LOG_IS_GONE):
            return
        yield piece
