# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A port of a pod on this machine for as long as a block of code runs. Each connection gets a stream of its own through the API."""

from __future__ import annotations

import socket
import threading
import time

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.channels import PORT_FORWARD, Channels
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import CONNECT_TIMEOUT, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.kinds import path_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

DATA, ERROR = 0, 1
PORT_BYTES = 2  # each channel begins with the port that it is for
PAUSE = 0.5  # seconds before an API server that dropped the connection is asked again


class Forward:
    """Listens on 127.0.0.1, at a port that the system chooses: ``address`` is (IP address, port). Use it in a ``with`` block."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str, port: int):
        self._cluster = cluster
        self._path = path_of("Pod", namespace, pod, "portforward")
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.opened = False  # whether the API server has taken a connection on to the pod
        self.failure: RunbookError | None = None  # why the last connection could not be carried on

    def __enter__(self) -> Forward:
        threading.Thread(target=self._accept, daemon=True, name=f"forward {self._path}").start()
        return self

    def __exit__(self, *_error) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:  # closed: the block has ended
                return
            threading.Thread(target=self._carry, args=(connection,), daemon=True).start()

    def _carry(self, connection: socket.socket) -> None:
        """Carries one connection on, and ends it where the pod's side ends or fails."""
        with connection:
            try:
                channels = self._open()
                self.opened = True
                threading.Thread(target=_upwards, args=(connection, channels), daemon=True).start()
                self._downwards(connection, channels)
            except RunbookError as error:
                self.failure = error
            except OSError:  # the one who connected has gone
                return
            finally:
                _hang_up(connection)

    def _open(self) -> Channels:
        """Tries again where the API server drops the connection, as one under load does: nothing has been asked of the pod yet."""
        until = time.monotonic() + CONNECT_TIMEOUT
        while True:
            try:
                return Channels.open(self._cluster, self._path, [("ports", str(self._port))], PORT_FORWARD)
            except Unreachable:
                if time.monotonic() + PAUSE > until:
                    raise
            time.sleep(PAUSE)

    def _downwards(self, connection: socket.socket, channels: Channels) -> None:
        begun = set()
        while (piece := channels.receive()) is not None:
            channel, data = piece
            if channel not in begun:
                begun.add(channel)
                data = data[PORT_BYTES:]
            if channel == ERROR and data:
                raise RunbookError(f"The pod does not take connections at port {self._port}: {data.decode(errors='replace').strip()}")
            connection.sendall(data)


def _hang_up(connection: socket.socket) -> None:
    """Tells the one who connected: a mere close waits for the thread that still reads from it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has gone already


def _upwards(connection: socket.socket, channels: Channels) -> None:
    try:
        while data := connection.recv(65536):
            channels.send(DATA, data)
    except (OSError, RunbookError):
        pass  # the other direction ends by it, too, and tells
    channels.close()
