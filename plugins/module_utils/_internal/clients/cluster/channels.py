# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection to the API server with several byte streams, as exec and port-forward need it.

The kubernetes client's stream module drops every header but the token, so an impersonated user's call would be made as the real user,
and it has no connect timeout. So the WebSocket is opened here, with all headers.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from contextlib import suppress
from urllib.parse import urlencode, urlparse

from .client import Cluster
from .connection import CONNECT_TIMEOUT
from .errors import ApiError, Unreachable

try:
    import certifi
    import websocket
except ImportError:  # both come with the kubernetes client; connecting reports that it is missing
    certifi = websocket = None

CHUNK = 32 * 1024  # bytes of one frame
EXEC = ("v5.channel.k8s.io", "v4.channel.k8s.io")
PORT_FORWARD = ("v4.channel.k8s.io",)


class Channels:
    """Numbered byte streams. Raises Unreachable when the connection breaks, TimeoutError when a deadline passes."""

    def __init__(self, connection, server: str):
        self._socket = connection
        self._server = server

    @classmethod
    def open(cls, cluster: Cluster, path: str, query: list[tuple[str, str]], protocols: tuple[str, ...]) -> Channels:
        """Opens them. Raises ApiError where the API refuses."""
        url = f"{cluster.server.replace('http', 'ws', 1)}{path}?{urlencode(query)}"
        configuration = cluster.api_client.configuration
        try:
            connection = websocket.create_connection(
                url, timeout=CONNECT_TIMEOUT, header=headers_of(cluster.api_client), subprotocols=list(protocols),
                sslopt=tls_options(configuration), enable_multithread=True, skip_utf8_validation=True, **_proxy(configuration),
            )
        except websocket.WebSocketBadStatusException as error:
            raise _api_error(error, path) from error
        except (OSError, websocket.WebSocketException) as error:
            raise Unreachable(f"The API server {cluster.server} can't be reached for {path}: {error}.") from error
        return cls(connection, cluster.server)

    def send(self, channel: int, data: bytes) -> None:
        """Writes to a stream."""
        try:
            for start in range(0, len(data), CHUNK):
                self._socket.send_binary(bytes([channel]) + data[start : start + CHUNK])
        except (OSError, websocket.WebSocketException) as error:
            raise self._broken(error) from error

    def receive(self, deadline: float | None = None) -> tuple[int, bytes] | None:
        """The next data as (channel, bytes), None at the end; ``deadline`` is a value of time.monotonic()."""
        while True:
            self._socket.settimeout(None if deadline is None else max(deadline - time.monotonic(), 0.001))
            try:
                opcode, frame = self._socket.recv_data(control_frame=True)
            except websocket.WebSocketTimeoutException as error:
                raise TimeoutError("no answer in time") from error
            except websocket.WebSocketConnectionClosedException:
                return None
            except (OSError, websocket.WebSocketException) as error:
                raise self._broken(error) from error
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return None
            if opcode in (websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT) and frame:
                return frame[0], bytes(frame[1:])

    def request_close(self) -> None:
        """Asks the other end to close, at which a receive() in another thread returns None. That one then closes the connection."""
        with suppress(OSError, websocket.WebSocketException):
            self._socket.send_close()

    def shut_down(self) -> None:
        """Ends receive() and send() in other threads at once, without freeing the file descriptor that they use."""
        with suppress(OSError):
            if connection := self._socket.sock:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # that of an SSLSocket would also end its TLS under a reader

    def close(self) -> None:
        """Closes the connection; a broken one is no error. No other thread may use it."""
        with suppress(OSError, websocket.WebSocketException):
            self._socket.close(timeout=1)
        self._socket.shutdown()  # after the other end has closed, websocket-client's close() leaves the file descriptor open

    def _broken(self, error: Exception) -> Unreachable:
        return Unreachable(f"The connection through the API server {self._server} broke: {error}.")


def headers_of(api_client) -> list[str]:
    """The headers of every call, including impersonation and credentials."""
    headers = {name: value for name, value in api_client.default_headers.items() if name.lower() not in ("content-type", "accept")}
    bearer = api_client.configuration.auth_settings().get("BearerToken")
    if bearer and bearer.get("value"):
        headers[bearer["key"]] = bearer["value"]
    return [f"{name}: {value}" for name, one in headers.items() for value in (one if isinstance(one, list) else [one])]


def tls_options(configuration) -> dict:
    """The client configuration's TLS settings in the form of websocket-client."""
    if not configuration.verify_ssl:
        options: dict = {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
    else:
        options = {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": configuration.ssl_ca_cert or certifi.where()}
        if configuration.assert_hostname is False:
            options["check_hostname"] = False
    optional = {
        "certfile": configuration.cert_file,
        "keyfile": configuration.key_file,
        "server_hostname": getattr(configuration, "tls_server_name", None),
    }
    return {**options, **{name: value for name, value in optional.items() if value}}


def _proxy(configuration) -> dict:
    """The proxy of the connection options only: the environment's is ignored, as for every other call of this client."""
    if not configuration.proxy:
        return {"http_no_proxy": ["*"]}
    proxy = urlparse(configuration.proxy)
    return {"http_proxy_host": proxy.hostname, "http_proxy_port": proxy.port, "proxy_type": "http"}


def _api_error(error, path: str) -> ApiError:
    body = getattr(error, "resp_body", None) or b""
    try:
        status = json.loads(body)
    except ValueError:
        status = {}
    message = status.get("message") or body.decode(errors="replace").strip() or f"HTTP status {error.status_code}"
    return ApiError(f"GET {path}: {message}", error.status_code, status.get("reason") or "")
