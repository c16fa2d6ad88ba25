# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries one client's connection to a port of a pod, through the API server."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from ...errors import RunbookError
from .channels import Channels

DATA, ERROR = 0, 1
ANSWER_TIMEOUT = 5.0  # seconds for the first answer to a client that sends no more
CLOSE_TIMEOUT = 1.0  # seconds for the other end to close too
PORT_BYTES = 2  # each channel starts with its port number
MAX_KEPT = 64 * 1024  # bytes of a request that are kept, to be sent to another pod
# In the kubelet's message, where it could not connect: nobody listens, or the pod's sandbox has gone. The pod has received nothing then.
NOTHING_SENT = re.compile("connection refused|not found|no such|not running|is closed", re.IGNORECASE)


class Refused(RunbookError):
    """The kubelet could not connect to the pod's port, so that nothing was sent to it."""


def carry(
    connection: socket.socket, open_channels: Callable[[], Channels], failed: Callable[[RunbookError], None],
    retries: Callable[[Refused], bool] = lambda _refusal: False,
) -> None:  # fmt: skip
    """Carries the connection until either end closes it, and closes it.

    ``open_channels`` connects to a pod and raises RunbookError; ``failed`` is called with a failure before the client notices it;
    ``retries``: whether to call ``open_channels`` again after a refusal.
    """
    client = _Client(connection)
    with connection:
        try:
            while not _is_carried(connection, open_channels(), client, retries):
                pass
        except RunbookError as error:
            if not client.has_ended:
                failed(error)
        except OSError:
            pass  # the client has gone
        finally:
            _shut_down(connection)
            client.close()


def _is_carried(connection: socket.socket, channels: Channels, client: _Client, retries: Callable[[Refused], bool]) -> bool:
    """Carries it to one pod; False where the pod refused it, and another one may be tried."""
    client.send_to(channels)
    try:
        _from_pod(connection, channels, client)
    except Refused as refusal:
        client.leave()
        if not client.is_kept or not retries(refusal):
            raise
        return False
    return True


class _Client:
    """Sends what a client writes to the pod, in a thread. Its first bytes are kept until the pod has answered, in case that another pod has to
    get them.

    Only the thread that receives from the pod closes the connection to it, when no other one uses it: its file descriptor may be another
    connection's a moment later, whose bytes would be taken.
    """

    def __init__(self, connection: socket.socket):
        self.answered = False  # the pod has received something: nothing is sent to another one
        self.has_ended = False  # the client has closed its connection
        self._connection = connection
        self._lock = threading.Lock()  # orders the bytes; held while sending
        self._channels: Channels | None = None
        self._kept: bytes | None = b""
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_kept(self) -> bool:
        """Whether everything that the client has written can be sent again."""
        return not self.answered and self._kept is not None

    def send_to(self, channels: Channels) -> None:
        """From now on, from the beginning. Raises RunbookError."""
        with self._lock:
            self._channels = channels
            if self._kept:
                channels.send(DATA, self._kept)
            if self.has_ended:
                channels.shut_down()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def leave(self) -> None:
        """Closes the connection to the pod."""
        if self._channels is None:
            return
        self._channels.shut_down()  # ends a send() that waits, and with it the lock
        with self._lock:
            channels, self._channels = self._channels, None
        channels.close()

    def close(self) -> None:
        """Ends the thread, whose client is shut down, and closes the connection to the pod."""
        self._closed.set()
        if self._thread:
            self._thread.join(CLOSE_TIMEOUT)
        self.leave()

    def _run(self) -> None:
        with suppress(OSError):
            while data := self._connection.recv(65536):
                with self._lock:
                    self._send(data)
        with self._lock:
            self.has_ended = not self._closed.is_set()
        if not self.answered:
            self._closed.wait(ANSWER_TIMEOUT)  # the client may only have closed its sending side, which the protocol can't pass on
        with self._lock:
            channels = self._channels
        if channels:
            channels.request_close()
            if not self._closed.wait(CLOSE_TIMEOUT):
                channels.shut_down()

    def _send(self, data: bytes) -> None:
        if self._kept is not None:
            fits = not self.answered and len(self._kept) + len(data) <= MAX_KEPT
            self._kept = self._kept + data if fits else None
        if self._channels:
            with suppress(RunbookError):  # the other direction ends too, and reports it
                self._channels.send(DATA, data)


def _from_pod(connection: socket.socket, channels: Channels, client: _Client) -> None:
    started = set()
    while (piece := channels.receive()) is not None:
        channel, data = piece
        if channel not in started:
            started.add(channel)
            data = data[PORT_BYTES:]
        if channel == ERROR and data:
            raise _failure(data.decode(errors="replace").strip())
        if data:
            client.answered = True
            connection.sendall(data)


def _failure(text: str) -> RunbookError:
    kind = Refused if NOTHING_SENT.search(text) else RunbookError
    return kind(f"The pod refuses the connection: {text}")


def _shut_down(connection: socket.socket) -> None:
    """Shuts the connection down: close alone waits for the thread that still reads from it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the client has closed it already
