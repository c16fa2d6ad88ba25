# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a forward works, seen through it: an HTTP response, or a connection that the pod accepts."""

from __future__ import annotations

import http.client
import time
from dataclasses import replace

from ..clients.cluster.tunnel import ERROR, PORT_BYTES
from ..errors import RunbookError
from .endpoints import Endpoints
from .model import Forward

RESPONSE_TIMEOUT = 5  # seconds for a response
QUIET = 0.5  # seconds without a refusal after which a connection counts as accepted


def problem_of(endpoints: Endpoints, local_port: int) -> str:
    """What is wrong with a forward that listens at ``local_port``, "" if nothing is."""
    try:
        _require_accepted(endpoints)
        return _http_problem(endpoints.forward, local_port) if endpoints.forward.path else ""
    except RunbookError as error:
        return str(error)


def _require_accepted(endpoints: Endpoints) -> None:
    """Raises RunbookError where no pod accepts a connection."""
    pod, channels = endpoints.connect()
    deadline = time.monotonic() + QUIET
    try:
        while (piece := channels.receive(deadline)) is not None:
            channel, data = piece
            if len(data) <= PORT_BYTES:
                continue  # the beginning of a channel
            if channel == ERROR:
                endpoints.avoid(pod)
                raise RunbookError(f"Pod {pod[0]} does not accept connections at port {pod[1]}: {data.decode(errors='replace').strip()}")
            return
    except TimeoutError:
        return
    finally:
        channels.close()


def _http_problem(forward: Forward, local_port: int) -> str:
    connection = http.client.HTTPConnection(forward.client_address, local_port, timeout=RESPONSE_TIMEOUT)
    url = f"http://{replace(forward, address=forward.client_address).local}{forward.path}"
    try:
        connection.request("GET", forward.path, headers={"Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{url} does not respond: {str(error) or type(error).__name__}"
    finally:
        connection.close()
    if status == forward.status or not forward.status and status < 400:
        return ""
    return f"{url} returns HTTP status {status}, expected {forward.status or 'one below 400'}"
